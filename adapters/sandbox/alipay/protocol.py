"""The simulated gateway's protocol: requests are checked as Alipay checks them, replies signed over their characters.

Replies are written as awkwardly as Alipay writes them: slashes escaped, braces and ``"sign"`` inside strings.
"""

import html
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from adapters import rsa
from adapters.alipay.signing import encrypt_content, open_content, signing_string
from adapters.alipay.trades import read_time
from adapters.errors import OutcomeUnknownError, SignatureRefusedError
from adapters.sandbox.alipay.console import Console, SimulatedApp
from kernel.clock import Clock

_DRIFT = timedelta(hours=1)  # Alipay's limit is unverified; a clock of another zone is always further off
_TRAP = '参数 } 有误 "sign":"x" https://a'


class Refusal(Exception):  # noqa: N818 - what Alipay says, not a failure of the simulator
    """An unsuccessful reply."""

    def __init__(self, code: str, sub_code: str, *, signed: bool = True, words: str = _TRAP) -> None:
        super().__init__(sub_code)
        self.code = code
        self.sub_code = sub_code
        self.signed = signed
        self.words = words


class Call(Struct, frozen=True):
    """A request that has been checked. ``base`` is the address of this server."""

    app: SimulatedApp
    method: str
    parameters: Mapping[str, str]
    content: Mapping[str, Any]
    base: str

    def text(self, name: str) -> str:
        """Return a member of the content that has to be there, and a string."""
        value = self.content.get(name)
        if not isinstance(value, str) or not value:
            raise Refusal("40001" if value is None else "40002", f"isv.missing-{name.replace('_', '-')}")
        return value


def read_call(console: Console, clock: Clock, query: str, body: bytes, base: str) -> Call:
    """Check a request. Raises Refusal; whatever comes before the signature is refused without one."""
    parameters = dict(parse_qsl(query, keep_blank_values=True)) | dict(parse_qsl(body.decode(), keep_blank_values=True))
    app = console.apps.get(parameters.get("app_id", ""))
    if app is None:
        raise Refusal("40002", "isv.invalid-app-id", signed=False)
    if not parameters.get("method"):
        raise Refusal("40001", "isv.missing-method", signed=False)
    _check_signature(console, app, parameters)
    _check_public(console, clock, app, parameters)
    return Call(app, parameters["method"], parameters, _content(app, parameters), base)


def _check_signature(console: Console, app: SimulatedApp, parameters: Mapping[str, str]) -> None:
    text = signing_string(parameters, "sign")
    key = console.app_key(app.app_id).public_key()
    if not rsa.is_signed(key, text.encode(), parameters.get("sign", "")):
        raise Refusal("40002", "isv.invalid-signature", words=f"验签出错，网关生成的验签字符串为：{html.escape(text)}")


def _check_public(console: Console, clock: Clock, app: SimulatedApp, parameters: Mapping[str, str]) -> None:
    for name, value in console.certificate_numbers(app).items():
        if parameters.get(name) != value:
            raise Refusal("40002", f"isv.invalid-{name.replace('_', '-')}")
    for name, wanted in (("sign_type", "RSA2"), ("version", "1.0"), ("charset", "utf-8")):
        if parameters.get(name) != wanted:
            raise Refusal("40002", f"isv.invalid-{name.replace('_', '-')}")
    try:
        sent = read_time(parameters.get("timestamp", ""))
    except OutcomeUnknownError:
        sent = None
    if sent is None or abs(clock.now() - sent) > _DRIFT:
        raise Refusal("40002", "isv.invalid-timestamp")


def _content(app: SimulatedApp, parameters: Mapping[str, str]) -> Mapping[str, Any]:
    raw = parameters.get("biz_content", "").encode()
    try:
        if parameters.get("encrypt_type") == "AES":
            raw = open_content(app.content_key, raw.decode())
        return msgspec.json.decode(raw or b"{}", type=dict[str, Any])
    except (SignatureRefusedError, msgspec.DecodeError) as error:
        raise Refusal("40002", "isv.invalid-encrypt") from error


def written(value: Mapping[str, object]) -> str:
    """Write JSON as Alipay does: Chinese as it is, slashes escaped, which a second writing would lose."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")


def success(call: Call, fields: Mapping[str, object]) -> str:
    """Return the text to sign; that of an encrypted call is a string. Only the token reply has no code."""
    if call.method == "alipay.system.oauth.token":
        return written(fields)
    text = written({"code": "10000", "msg": "Success", **fields})
    if call.parameters.get("encrypt_type") == "AES":
        return f'"{encrypt_content(call.app.content_key, text.encode())}"'
    return text


def refused(refusal: Refusal) -> str:
    """Return the text to sign of an unsuccessful reply; the gateway does not encrypt those."""
    message = {"20000": "Service Currently Unavailable", "40004": "Business Failed"}.get(
        refusal.code, "Invalid Arguments"
    )
    return written({"code": refusal.code, "msg": message, "sub_code": refusal.sub_code, "sub_msg": refusal.words})


def reply(console: Console, app: SimulatedApp | None, method: str, text: str, *, spoilt: bool = False) -> bytes:
    """Sign a reply; ``spoilt`` signs other characters than those sent."""
    key, number = console.signing_key(app)
    sign = rsa.sign(key, (text + " " if spoilt else text).encode())
    certificate = f'"alipay_cert_sn":"{number}",' if number else ""
    return f'{{"{method.replace(".", "_")}_response":{text},{certificate}"sign":"{sign}"}}'.encode()


def unsigned(text: str) -> bytes:
    """Return a reply of the gateway's own, which nobody has signed."""
    return f'{{"error_response":{text}}}'.encode()
