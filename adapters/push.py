"""Messages that WeChat and Baidu push to our callback URL: signatures and the secure mode's envelope.

The signature is SHA-1 over the sorted parts, which is what these platforms fixed; a body is only proved by the
signature that has ``Encrypt`` among its parts, so plain mode proves nothing about a body and must not be relied on.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode

from msgspec import Struct

from adapters.envelope import seal, unseal
from adapters.errors import HostKeyError, SignatureRefusedError

_KEY_CHARACTERS = 43  # EncodingAESKey: base64 of 32 bytes without its last "="
_IV_BYTES = 16


class PushReply(Struct, frozen=True):
    """An encrypted passive reply."""

    encrypted: str
    signature: str
    timestamp: str
    nonce: str


class PushCipher:
    """The secure mode of one app. Raises HostKeyError for a key that is none."""

    def __init__(self, token: str, encoding_aes_key: str, app_id: str) -> None:
        try:
            self._key = b64decode(encoding_aes_key + "=", validate=True)
        except ValueError:
            self._key = b""
        if len(encoding_aes_key) != _KEY_CHARACTERS or len(self._key) != 32:
            raise HostKeyError(
                f"The message key of {app_id} is not an EncodingAESKey",
                fix=f"Copy the {_KEY_CHARACTERS} characters from the console's message push settings.",
            )
        self._token = token
        self._app_id = app_id

    def open(self, encrypted: str, signature: str, timestamp: str, nonce: str) -> bytes:
        """Check ``msg_signature`` and return the message. Raises SignatureRefusedError."""
        if not is_pushed(signature, self._token, timestamp, nonce, encrypted):
            raise SignatureRefusedError(
                "The pushed message is not signed with the app's token",
                fix="Compare the token of the console's message push settings with ours.",
            )
        try:
            return unseal(self._key, self._key[:_IV_BYTES], b64decode(encrypted, validate=True), self._app_id)
        except ValueError as error:
            raise SignatureRefusedError(
                f"The pushed message cannot be opened: {error}",
                fix="Compare the EncodingAESKey and the app id of the console with ours.",
            ) from error

    def reply(self, message: bytes, timestamp: str, nonce: str, random: bytes) -> PushReply:
        """Seal and sign a passive reply; ``random`` are 16 fresh random bytes."""
        sealed = seal(self._key, self._key[:_IV_BYTES], message, self._app_id, random)
        encrypted = b64encode(sealed).decode()
        return PushReply(encrypted, push_signature(self._token, timestamp, nonce, encrypted), timestamp, nonce)


def push_signature(*parts: str) -> str:
    """Return the hexadecimal SHA-1 of token, timestamp, nonce (and Encrypt), sorted by their bytes."""
    return hashlib.sha1(b"".join(sorted(part.encode() for part in parts)), usedforsecurity=False).hexdigest()


def is_pushed(signature: str, *parts: str) -> bool:
    """Whether a pushed request's signature is right, in constant time."""
    return hmac.compare_digest(signature.encode(), push_signature(*parts).encode())
