"""The simulated WeChat Pay's door: who sends, when, and whether the signature covers exactly what arrived."""

import re
from collections.abc import Mapping

from msgspec import Struct

from adapters import rsa
from adapters.sandbox.wechat_pay.refusal import RefusalError
from adapters.wechat_pay.signing import SCHEME, WINDOW_SECONDS, Merchant, SignedRequest, is_seconds, request_message

_PART = re.compile(r'([a-z_]+)="([^"]*)"')
_NAMES = {"mchid", "nonce_str", "signature", "timestamp", "serial_no"}
_SHOWN_CHARACTERS = 200


class Call(Struct, frozen=True):
    """A request as it arrived: ``target`` is the raw path without the sandbox's prefix, and the raw query.

    ``origin`` is the address of this server with that prefix.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    numbers: Mapping[str, str]  # the parts of the path, decoded
    query: Mapping[str, str]
    origin: str = ""


def check(call: Call, merchant: Merchant, now_seconds: float) -> None:
    """Raise SIGN_ERROR unless the merchant has signed this request within the last five minutes."""
    if not call.headers.get("user-agent"):  # that one is needed is unverified
        raise RefusalError(400, "PARAM_ERROR", "Http头缺少User-Agent")
    scheme, _, rest = call.headers.get("authorization", "").partition(" ")
    parts = dict(_PART.findall(rest))
    if scheme != SCHEME or parts.keys() != _NAMES:
        raise RefusalError(401, "SIGN_ERROR", "Http头Authorization格式错误，请参考《微信支付签名规则》")
    if (parts["mchid"], parts["serial_no"]) != (merchant.mchid, merchant.serial):
        raise RefusalError(401, "SIGN_ERROR", "商户证书序列号有误，请使用签名私钥匹配的证书序列号")
    if not is_seconds(parts["timestamp"]) or abs(now_seconds - int(parts["timestamp"])) >= WINDOW_SECONDS:
        raise RefusalError(401, "SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
    request = SignedRequest(call.method, call.target, parts["timestamp"], parts["nonce_str"], call.body)
    text = request_message(request)
    if not rsa.is_signed(merchant.key.public_key(), text, parts["signature"]):
        raise RefusalError(401, "SIGN_ERROR", "错误的签名，验签失败", _sign_information(call, text))


def _sign_information(call: Call, text: bytes) -> object:
    return {
        "field": "signature",
        "location": "authorization",
        "detail": {"issue": "sign not match"},
        "sign_information": {
            "method": call.method,
            "url": call.target,
            "truncated_sign_message": text.decode(errors="replace")[:_SHOWN_CHARACTERS],
            "sign_message_length": len(text),
        },
    }
