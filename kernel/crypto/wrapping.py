"""How the keys of a key file are wrapped: by a key-encryption key here, or by a key management service.

A service implements ``KeyWrapper``; it is asked once a process, when keys are opened, so it may be slow.
"""

import os
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from typing import Protocol

from cryptography.exceptions import InvalidTag

from kernel.crypto.errors import KeyFileError
from kernel.crypto.suite import BY_VERSION, NONCE_BYTES, Suite, framed

KEK_BYTES = 32
_PURPOSE = framed("yiwang key wrapping")
_START = 1 + NONCE_BYTES


class KeyWrapper(Protocol):
    """Wraps keys so that they can lie in a file. ``label`` says which key it is and is authenticated with it."""

    def wrap(self, label: str, key: bytes) -> bytes:
        """Return what ``unwrap`` takes."""

    def unwrap(self, label: str, wrapped: bytes) -> bytes:
        """Return the key. Raises KeyFileError."""


class LocalWrapper:
    """Wraps by a key-encryption key of this process: ``version || nonce || ciphertext || tag``; it shows no key."""

    def __init__(self, secret: bytes, suite: Suite, random: Callable[[int], bytes] = os.urandom) -> None:
        if len(secret) != KEK_BYTES:
            raise ValueError(f"a key-encryption key has {KEK_BYTES} bytes, not {len(secret)}")
        self._secret = secret
        self._suite = suite
        self._random = random

    def wrap(self, label: str, key: bytes) -> bytes:
        nonce = self._random(NONCE_BYTES)
        sealed = self._suite.seal(self._key(self._suite), nonce, key, framed(label))
        return bytes([self._suite.version]) + nonce + sealed

    def unwrap(self, label: str, wrapped: bytes) -> bytes:
        suite = BY_VERSION.get(wrapped[0]) if wrapped else None
        if suite is not None:
            try:
                return suite.open(self._key(suite), wrapped[1:_START], wrapped[_START:], framed(label))
            except (InvalidTag, ValueError):  # ValueError: a nonce cut short
                pass
        raise KeyFileError(
            f"YIWANG_KEY_FILE: the {label} does not open with this key-encryption key. Set the "
            "YIWANG_KEY_ENCRYPTION_KEY that the file was made with, or restore the file from a backup."
        ) from None

    def _key(self, suite: Suite) -> bytes:
        return suite.derive(self._secret, _PURPOSE, suite.key_bytes)


def read_secret(text: str, where: str) -> bytes:
    """Read a key-encryption key from base64. Raises KeyFileError, which names ``where`` and quotes nothing."""
    try:
        secret = b64decode(text.strip(), validate=True)
    except (Base64Error, ValueError):
        secret = b""
    if len(secret) != KEK_BYTES:
        raise KeyFileError(
            f"{where}: {KEK_BYTES} random bytes in base64 are needed; make them: openssl rand -base64 32"
        )
    return secret


def new_secret(random: Callable[[int], bytes] = os.urandom) -> str:
    """Make a key-encryption key, in base64."""
    return b64encode(random(KEK_BYTES)).decode()
