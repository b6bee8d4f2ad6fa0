"""WeChat mini-programs: sign-in, codes, messages (their money is ``adapters.wechat_pay``)."""
