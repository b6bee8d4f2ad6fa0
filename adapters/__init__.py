"""The host apps (WeChat, Alipay, Baidu, web), each behind the common Channel interface."""
