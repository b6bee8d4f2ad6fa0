"""The phone number that ``my.getPhoneNumber`` hands the client, signed for the server and mostly encrypted. Pure."""

import re

import msgspec

from adapters.alipay.app import AlipayApp
from adapters.alipay.refusals import refusal
from adapters.alipay.signing import open_content
from adapters.alipay.trust import Trust
from adapters.alipay.wire import Outcome, PhoneReply, SentPhone
from adapters.errors import SignatureRefusedError

_CHINESE_MOBILE = re.compile(r"1\d{10}")
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_FIX = "Have the client send the whole text of res.response, as my.getPhoneNumber gave it."


def read_phone(sent: str, app: AlipayApp, trust: Trust) -> str:
    """Return the number as E.164. Raises SignatureRefusedError, and what a refusal inside says.

    Nothing in it names the user or the app: that it was given to this client is the client's word.
    """
    try:
        proof = msgspec.json.decode(sent, type=SentPhone)
    except msgspec.DecodeError as error:
        raise SignatureRefusedError("The phone number's proof is not what Alipay gives", fix=_FIX) from error
    plain = proof.response.startswith("{")
    if not proof.sign:
        fix = "Set the content key and gateway in the console's settings, and isvAppId in a template app."
        raise SignatureRefusedError("The phone number's proof has no signature", fix=fix)
    if not trust.is_signed(proof.response if plain else f'"{proof.response}"', proof.sign):
        raise SignatureRefusedError("The phone number's proof is not signed by Alipay", fix=_FIX)
    content = proof.response.encode() if plain else open_content(app.content_key, proof.response)
    try:
        reply = msgspec.json.decode(content, type=PhoneReply)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SignatureRefusedError("The phone number's proof cannot be read", fix=_FIX) from error
    if reply.code != "10000":
        raise refusal("my.getPhoneNumber", Outcome(reply.code, reply.sub_code))
    return _e164(reply.mobile or "")


def _e164(mobile: str) -> str:
    if _CHINESE_MOBILE.fullmatch(mobile) and mobile.isascii():
        return f"+86{mobile}"
    if _E164.fullmatch(mobile) and mobile.isascii():
        return mobile
    raise SignatureRefusedError("Alipay's phone number is none", fix="Ask for the number another way.")
