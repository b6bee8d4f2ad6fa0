"""The phone number that WeChat has verified, by its newer way (a code) and its older one (encrypted data). Pure."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from adapters.errors import CodeRefusedError, SessionStaleError, SignatureRefusedError
from adapters.wechat.signing import open_user_data
from adapters.wechat.wire import PhoneInfo

_FRESH_SECONDS = 300  # as long as the code of the newer way lives; also for clocks that differ


def e164(info: PhoneInfo, app_id: str) -> str:
    """Return the number as ``+8613800138000``. SignatureRefusedError if it was given to another app."""
    if info.watermark.appid != app_id:
        raise SignatureRefusedError("The phone number was given to another app", fix=f"Send what {app_id} was given.")
    number = info.pure_phone_number
    if not (number.isascii() and number.isdigit() and 0 < info.country_code < 1000 and len(number) <= 14):
        raise SignatureRefusedError("WeChat gave no phone number in digits", fix="Ask for the number another way.")
    return f"+{info.country_code}{number}"


def opened(proof: Mapping[str, str], session_key: str, app_id: str, now: datetime) -> str:
    """Return the number from ``encryptedData`` and ``iv``.

    Raises CodeRefusedError if they are missing, SessionStaleError for data of another session or an old one,
    SignatureRefusedError for another app's.
    """
    if not (proof.get("encryptedData") and proof.get("iv")):
        raise CodeRefusedError(
            "The phone number's proof has no code", fix="Send what the button's getphonenumber event held."
        )
    if not session_key:
        raise SessionStaleError("There is no session key", fix="Call wx.login again and send its new code.")
    data = open_user_data(proof["encryptedData"], proof["iv"], session_key, app_id)
    try:
        info = msgspec.convert(data, PhoneInfo, strict=False)
    except msgspec.ValidationError as error:
        raise SignatureRefusedError(
            "The encrypted data holds no phone number", fix="Send the button's data."
        ) from error
    if abs(now.timestamp() - info.watermark.timestamp) > _FRESH_SECONDS:
        raise SessionStaleError("The phone number's data is too old", fix="Let the user tap the button again.")
    return e164(info, app_id)
