"""Identifiers of events, and so of sessions: the same whichever process makes them, and sorted by time.

UUID version 8 (RFC 9562 section 5.8): 48 bits of milliseconds as in version 7, then a hash.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_REST = (1 << 80) - 1


def event_id_of(device_id: str, event_id: UUID, occurred_at: datetime) -> UUID:
    """Return our id of an event that a device has numbered itself."""
    digest = int.from_bytes(hashlib.sha256(f"{device_id}\0{event_id}".encode()).digest()[:10]) & _REST
    number = ((occurred_at - _EPOCH) // _MILLISECOND & (1 << 48) - 1) << 80 | digest
    number = number & ~(0xF << 76) | 0x8 << 76
    return UUID(int=number & ~(0x3 << 62) | 0x2 << 62)
