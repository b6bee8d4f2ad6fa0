"""The phone number that Baidu has verified, from the button's encrypted data. Pure."""

import re
from collections.abc import Mapping

from adapters.baidu.app import BaiduApp
from adapters.baidu.signing import open_user_data
from adapters.errors import CodeRefusedError, SessionStaleError, SignatureRefusedError

_MAINLAND = re.compile(r"1\d{10}", re.ASCII)
_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)


def opened(proof: Mapping[str, str], session_key: str, app: BaiduApp) -> str:
    """Return the number from ``encryptedData`` and ``iv`` as ``+8613800138000``.

    Raises CodeRefusedError if they are missing, SessionStaleError for data of another session or app,
    SignatureRefusedError if no number is inside.
    """
    data, iv = proof.get("encryptedData", ""), proof.get("iv", "")
    if not (data and iv):
        raise CodeRefusedError(
            "The phone number's proof has no encryptedData and iv", fix="Send what the button's event held."
        )
    if not session_key:
        raise SessionStaleError("There is no session key", fix="Sign in again and let the user tap the button again.")
    number = open_user_data(data, iv, session_key, app.app_key).get(app.phone_field)
    text = str(number) if isinstance(number, str | int) else ""
    if _MAINLAND.fullmatch(text):
        return f"+86{text}"
    if _E164.fullmatch(text):
        return text
    raise SignatureRefusedError(
        f"The opened data has no phone number in {app.phone_field}", fix="Ask for the number another way."
    )
