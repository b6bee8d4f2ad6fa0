"""The gateways that stand side by side in bench/gateway.py, one file each."""
