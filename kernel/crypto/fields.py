"""Fields sealed each by itself: what a database, a backup or a dump shows of them is unreadable and cannot be moved.

A sealed value is ``version (1 byte: the suite) || data key's id (4) || nonce (12) || ciphertext || tag (16)``.
Authenticated with it are column, row id and key id, each after its length: a value copied into another row or column
does not open. docs/decisions/0041-sealed-fields.md says why it is laid out so, and what it does not hide.
"""

import os
from collections.abc import Callable, Mapping
from typing import NoReturn
from uuid import UUID

from cryptography.exceptions import InvalidTag

from kernel.crypto.errors import SealedDataError, UnknownKeyError
from kernel.crypto.suite import BY_VERSION, NONCE_BYTES, TAG_BYTES, Suite, framed

KEY_ID_BYTES = 4
PREFIX_BYTES = 1 + KEY_ID_BYTES
_START = PREFIX_BYTES + NONCE_BYTES
_PURPOSE = "yiwang field"
_FIX = "Restore the row from a backup, and find out who changed it."


class DataKey:
    """A key that column keys come from, and the suite it is for. It shows its id alone."""

    def __init__(self, key_id: str, suite: Suite, key: bytes) -> None:
        self.key_id = key_id  # 8 hexadecimal digits
        self.suite = suite
        self.key = key
        self.prefix = bytes([suite.version]) + bytes.fromhex(key_id)
        if len(self.prefix) != PREFIX_BYTES:
            raise ValueError(f"a data key's id has {2 * KEY_ID_BYTES} hexadecimal digits, unlike {key_id!r}")

    def __repr__(self) -> str:
        return f"DataKey({self.key_id!r}, {self.suite.name!r})"


class FieldCipher:
    """Seals with one data key and opens with all. It may be used from any thread and does no input or output.

    Nonces are random. With 96 bits the chance that one comes twice stays below 2^-32 up to 2^32 values sealed in one
    column with one data key (NIST SP 800-38D section 8.3): `yiwang keys new-data-key` long before.
    """

    def __init__(
        self, data_keys: Mapping[str, DataKey], sealing: str, random: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._data_keys = dict(data_keys)
        self._sealing = self._data_keys[sealing]
        self._random = random
        self._column_keys: dict[tuple[str, str], bytes] = {}  # two threads may derive the same: they write the same

    @property
    def prefix(self) -> bytes:
        """What every value that needs no rotation begins with."""
        return self._sealing.prefix

    def seal(self, column: str, row_id: UUID | str, text: str) -> bytes:
        """Seal a text for one place. ``column`` is written ``table.column``; it and the row's id must never change."""
        key, nonce = self._sealing, self._random(NONCE_BYTES)
        aad = framed(column, str(row_id), key.key_id)
        return key.prefix + nonce + key.suite.seal(self._column_key(key, column), nonce, text.encode(), aad)

    def open(self, column: str, row_id: UUID | str, sealed: bytes) -> str:
        """Return the text. Raises SealedDataError if anything was changed or moved, UnknownKeyError with the key's id.

        Values of either suite open, whichever the sealing key is for.
        """
        row = str(row_id)
        if len(sealed) < _START + TAG_BYTES:
            _refuse(column, row, f"it has only {len(sealed)} bytes")
        if sealed[0] not in BY_VERSION:
            _refuse(column, row, f"it begins with {sealed[0]}, which is no version of this release")
        key_id = sealed[1:PREFIX_BYTES].hex()
        key = self._data_keys.get(key_id)
        if key is None:
            raise UnknownKeyError(column, row, key_id)
        if key.suite.version != sealed[0]:
            _refuse(column, row, f"its version is not that of the data key {key_id}")
        nonce, aad = sealed[PREFIX_BYTES:_START], framed(column, row, key_id)
        try:
            return key.suite.open(self._column_key(key, column), nonce, sealed[_START:], aad).decode()
        except InvalidTag:
            _refuse(column, row, "it was changed, or belongs to another row or column")

    def needs_rotation(self, sealed: bytes) -> bool:
        """Whether another data key than the present one sealed it."""
        return not sealed.startswith(self.prefix)

    def _column_key(self, key: DataKey, column: str) -> bytes:
        place = key.key_id, column
        found = self._column_keys.get(place)
        if found is None:
            found = key.suite.derive(key.key, framed(_PURPOSE, column), key.suite.key_bytes)
            self._column_keys[place] = found
        return found


def _refuse(column: str, row_id: str, why: str) -> NoReturn:
    # Raised without a cause: what a library knows of the attempt is of no use, and a chain is more to be logged.
    raise SealedDataError(column, row_id, why, fix=_FIX) from None
