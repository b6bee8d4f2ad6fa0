"""Whoever changes sessions of a plate in a lot does so alone, and nobody waits in a circle.

All locks of a change are taken in one statement and in order; who finds that more are needed gives them back first
(a savepoint) and asks for all of them. Plates of a lot share 64 locks, so that 500 events do not fill the lock table.
"""

import hashlib
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

_LOCKS = 64
_LOCK = text("SELECT pg_advisory_xact_lock(number) FROM unnest(CAST(:numbers AS bigint[])) AS number")


async def lock(session: AsyncSession, lot_id: UUID, credentials: Iterable[bytes]) -> None:
    """Take the locks of credentials (their indexes) until the transaction, or the savepoint if it is undone, ends."""
    numbers = sorted({_number(lot_id, each) for each in credentials})
    await (await session.connection()).execute(_LOCK, {"numbers": numbers})


def _number(lot_id: UUID, credential: bytes) -> int:
    digest = hashlib.sha256(b"parking" + lot_id.bytes + bytes([credential[0] % _LOCKS])).digest()
    return int.from_bytes(digest[:8], signed=True)
