"""Whoever changes sessions of a plate in a lot does so alone, and nobody waits in a circle.

All locks of a change are taken in one statement and in order; who finds that more are needed gives them back first
(a savepoint) and asks for all of them. Plates of a lot share 64 locks, so that 500 events do not fill the lock table.
"""

import hashlib
from collections.abc import Iterable
from uuid import UUID

import asyncpg

_LOCKS = 64


async def lock(connection: "asyncpg.Connection[asyncpg.Record]", lot_id: UUID, credentials: Iterable[bytes]) -> None:
    """Take the locks of credentials (their indexes) until the transaction ends, or ``give_back``."""
    numbers = sorted({_number(lot_id, each) for each in credentials})
    taken = "; ".join(f"SELECT pg_advisory_xact_lock({number})" for number in numbers)
    await connection.execute(f"SAVEPOINT parking_locks; {taken}")  # numbers of ours: one round trip, in this order


async def keep(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Keep the locks until the transaction ends."""
    await connection.execute("RELEASE parking_locks")


async def give_back(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Give the locks back, and what was written under them."""
    await connection.execute("ROLLBACK TO parking_locks; RELEASE parking_locks")


def _number(lot_id: UUID, credential: bytes) -> int:
    digest = hashlib.sha256(b"parking" + lot_id.bytes + bytes([credential[0] % _LOCKS])).digest()
    return int.from_bytes(digest[:8], signed=True)
