"""Sealing single fields: names, phone numbers, ID numbers, private keys.

Sealed bytes are: one byte for the suite, the data key's id (4 bytes), the nonce (12), ciphertext and tag. Column and
row are bound to it, so what is sealed opens in its own place only. Every column has a key of its own, derived from the
data key: what leaks of one opens no other.
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from uuid import UUID

from msgspec import Struct

from kernel.crypto.errors import SealBrokenError
from kernel.crypto.suites import BY_CODE, NONCE_BYTES, SUITES

_ID_BYTES = 4
_HEAD = 1 + _ID_BYTES + NONCE_BYTES


class DataKey(Struct, frozen=True):
    """A key that fields are sealed with; ``id`` is 4 bytes as 8 hexadecimal digits."""

    id: str
    suite: str
    secret: bytes

    def __repr__(self) -> str:
        return f"DataKey({self.id}, {self.suite})"


class FieldCipher:
    """Seals with the ``current`` data key and opens with all of them."""

    def __init__(self, keys: Mapping[str, DataKey], current: str) -> None:
        self._keys = dict(keys)
        self._current = self._keys[current]
        self._column_key = lru_cache(maxsize=256)(self._derive)

    def seal(self, column: str, row: UUID | str, text: str) -> bytes:
        """Seal a text for ``column`` (``account.name``) of the row with this primary key."""
        key, suite = self._current, SUITES[self._current.suite]
        nonce = os.urandom(NONCE_BYTES)
        head = bytes([suite.code]) + bytes.fromhex(key.id)
        sealed = suite.seal(self._column_key(key.id, column), nonce, text.encode(), _bound(head, column, row))
        return head + nonce + sealed

    def open(self, column: str, row: UUID | str, sealed: bytes) -> str:
        """Return the text. Raises SealBrokenError."""
        suite, key = BY_CODE.get(sealed[0] if sealed else 0), self._keys.get(sealed[1 : 1 + _ID_BYTES].hex())
        if suite is None or key is None or key.suite != suite.name or len(sealed) < _HEAD:
            raise SealBrokenError(
                f"Sealed data of {column} names a key that is not in the key file", fix="Restore the key file."
            )
        head, nonce = sealed[: 1 + _ID_BYTES], sealed[1 + _ID_BYTES : _HEAD]
        return suite.open(self._column_key(key.id, column), nonce, sealed[_HEAD:], _bound(head, column, row)).decode()

    def is_current(self, sealed: bytes) -> bool:
        """Whether it was sealed with the key that seals now."""
        return sealed[1 : 1 + _ID_BYTES].hex() == self._current.id

    def _derive(self, key_id: str, column: str) -> bytes:
        key = self._keys[key_id]
        return SUITES[key.suite].derive(key.secret, b"yiwang field " + column.encode())


def _bound(head: bytes, column: str, row: UUID | str) -> bytes:
    """What must be the same to open: each part with its length before it, so that none can pass for another."""
    parts = (head, column.encode(), str(row).encode())
    return b"".join(len(part).to_bytes(2) + part for part in parts)
