"""Alipay: the gateway protocol of its mini-programs and trades."""
