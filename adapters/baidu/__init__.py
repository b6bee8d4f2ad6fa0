"""Baidu smart mini-programs."""
