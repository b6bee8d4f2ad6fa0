"""A simulated WeChat: its mini-program interface below ``/wechat``, and what its client does on a phone."""
