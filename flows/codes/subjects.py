"""By which name a group of verifiers knows a resident: pairwise, so that two groups cannot put notes together."""

from base64 import b32decode, b32encode
from uuid import UUID

import asyncpg
from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.tables import Status
from auth.clients.pairwise import pairwise_subject
from kernel.clock import Clock

SECTOR_PREFIX = "codes:"
_HOLDER = """
    SELECT a.id, a.status, a.ial, s.sector FROM pairwise_subject s JOIN account a ON a.id = s.account_id
    WHERE s.subject = $1 AND starts_with(s.sector, $2)
"""


class Holder(Struct, frozen=True):
    """Whose name it is, how their account stands and how well it is proven, and in which group."""

    account_id: UUID
    status: Status
    ial: int
    group: str


async def subject_for(session: AsyncSession, clock: Clock, group: str, account_id: UUID) -> bytes:
    """Return the 16 bytes for an account; made if this is the first time."""
    return subject_bytes(await pairwise_subject(session, clock, SECTOR_PREFIX + group, account_id))


async def holder_of(connection: "asyncpg.Connection[asyncpg.Record]", subject: bytes) -> Holder | None:
    """Return whose name it is, None if nobody's: past the ORM, as a barrier waits for it."""
    row = await connection.fetchrow(_HOLDER, _text(subject), SECTOR_PREFIX)
    if row is None:
        return None
    return Holder(row["id"], row["status"], row["ial"], row["sector"].removeprefix(SECTOR_PREFIX))


def subject_bytes(text: str) -> bytes:
    """Return a stored subject, 26 lower case base32 characters, as its 16 bytes."""
    return b32decode(text.upper() + "=" * 6)


def _text(subject: bytes) -> str:
    return b32encode(subject).decode().rstrip("=").lower()
