"""What WeChat's mini-program client hands to the server: user data under the session key. Pure.

The session key proves little: WeChat replaces it at any sign-in, so only the newest is worth keeping, and whatever
cannot be opened with it means "sign in again".
"""

import hashlib
import hmac
from base64 import b64decode
from typing import Any

import msgspec

from adapters.envelope import decrypt
from adapters.errors import SessionStaleError, SignatureRefusedError

_AGAIN = "Call wx.login again and send its new code, then the new data."


def raw_data_signature(raw_data: str, session_key: str) -> str:
    """Return the hexadecimal ``signature`` of ``rawData``: SHA-1 over it and the session key's base64 text."""
    return hashlib.sha1((raw_data + session_key).encode(), usedforsecurity=False).hexdigest()


def is_raw_data(raw_data: str, session_key: str, signature: str) -> bool:
    """Whether ``signature`` is that of ``rawData``, in constant time."""
    return hmac.compare_digest(signature.encode(), raw_data_signature(raw_data, session_key).encode())


def session_signature(session_key: str, *, decoded: bool = False) -> str:
    """Return checksession's ``signature``: HMAC-SHA-256 over nothing.

    Nothing published says whether the key is the base64 text (the default here) or, with ``decoded``, its bytes.
    """
    key = b64decode(session_key) if decoded else session_key.encode()
    return hmac.new(key, b"", hashlib.sha256).hexdigest()


def open_user_data(encrypted_data: str, iv: str, session_key: str, app_id: str) -> dict[str, Any]:
    """Decrypt ``encryptedData`` (AES-128-CBC) and check whose it is.

    Raises SessionStaleError if it cannot be opened with this session key, SignatureRefusedError if it was made for
    another app. ``watermark.timestamp`` (seconds) is the caller's to judge.
    """
    try:
        key, start, sealed = (b64decode(text, validate=True) for text in (session_key, iv, encrypted_data))
        data = msgspec.json.decode(decrypt(key, start, sealed), type=dict[str, Any])
    except (ValueError, msgspec.DecodeError) as error:  # bad padding, bad UTF-8 and bad JSON mean the same
        raise SessionStaleError("The data cannot be opened with the session's key", fix=_AGAIN) from error
    watermark = data.get("watermark")
    if not isinstance(watermark, dict) or watermark.get("appid") != app_id:
        raise SignatureRefusedError("The data was made for another app", fix=f"Send what {app_id} was given.")
    return data
