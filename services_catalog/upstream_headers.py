"""The headers that a service's upstream wants: credentials of its department, sealed for their version's row."""

import msgspec

from kernel.crypto.fields import FieldCipher
from kernel.crypto.sealed_columns import row_id
from services_catalog.tables import HEADERS_COLUMN


def seal(cipher: FieldCipher, service: str, number: int, headers: dict[str, str]) -> bytes | None:
    """Return what ``ServiceVersion.sealed_headers`` stores; None if there are none."""
    return (
        cipher.seal(HEADERS_COLUMN, row_id(service, number), msgspec.json.encode(headers).decode()) if headers else None
    )


def open_(
    cipher: FieldCipher, service: str, number: int, sealed: bytes | None, plain: dict[str, str]
) -> dict[str, str]:
    """Return the headers of a row; ``plain`` are those of one from before sealing. Raises SealedDataError."""
    if sealed is None:
        return plain
    return msgspec.json.decode(cipher.open(HEADERS_COLUMN, row_id(service, number), sealed), type=dict[str, str])
