"""Alipay, simulated: its gateway with real signatures, its cashier, notices, messages, codes and identity checks."""
