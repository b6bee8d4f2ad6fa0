"""Cutting a gateway reply into the characters that Alipay signed, its signature and its certificate's number. Pure."""

import json

from msgspec import Struct

from adapters.errors import SignatureRefusedError

_BLANKS = frozenset(" \t\r\n")  # RFC 8259 section 2
_RESPONSE = "_response"
_FIX = "The log has the reply's beginning; Alipay or something between us changed its form."
_decoder = json.JSONDecoder()  # tells where a value ends in the text, which msgspec does not


class SignedReply(Struct, frozen=True):
    """A reply's parts. ``text`` is the value exactly as it came; ``signature`` is "" on some gateway errors."""

    method: str  # "alipay_trade_create"; "error" for the gateway's own errors
    text: str
    signature: str = ""
    cert_sn: str = ""


def split(raw: str) -> SignedReply:
    """Read the outermost object member by member. Raises SignatureRefusedError for anything else.

    Only members of the outermost object count: what a string inside says, ``"sign"`` or braces, is content.
    """
    parts: dict[str, str] = {}
    position = _after(raw, 0, "{")
    while True:
        name, position = _value(raw, position)
        if not isinstance(name, str) or name in parts:
            raise SignatureRefusedError("Alipay's reply has a member twice, or none", fix=_FIX)
        position = _after(raw, position, ":")
        begin = _skip(raw, position)
        value, position = _value(raw, begin)
        parts[name] = value if name in ("sign", "alipay_cert_sn") and isinstance(value, str) else raw[begin:position]
        position = _skip(raw, position)
        if raw[position : position + 1] != ",":
            break
        position += 1
    if raw[_after(raw, position, "}") :].strip():
        raise SignatureRefusedError("Alipay's reply goes on after its end", fix=_FIX)
    return _signed(parts)


def _signed(parts: dict[str, str]) -> SignedReply:
    names = [name for name in parts if name.endswith(_RESPONSE)]
    if len(names) != 1:
        raise SignatureRefusedError(f"Alipay's reply has {len(names)} responses", fix=_FIX)
    method = names[0].removesuffix(_RESPONSE)
    return SignedReply(method, parts[names[0]], parts.get("sign", ""), parts.get("alipay_cert_sn", ""))


def _value(raw: str, position: int) -> tuple[object, int]:
    try:
        value, end = _decoder.raw_decode(raw, _skip(raw, position))
    except (ValueError, RecursionError) as error:
        raise SignatureRefusedError("Alipay's reply is not JSON", fix=_FIX) from error
    return value, end


def _skip(raw: str, position: int) -> int:
    """Return where the blanks at ``position`` end."""
    while raw[position : position + 1] in _BLANKS:
        position += 1
    return position


def _after(raw: str, position: int, mark: str) -> int:
    position = _skip(raw, position)
    if raw[position : position + 1] != mark:
        raise SignatureRefusedError(f"Alipay's reply lacks {mark!r} at {position}", fix=_FIX)
    return position + 1
