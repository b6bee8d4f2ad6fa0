"""By which name a group of verifiers knows a resident: pairwise, so that two groups cannot put notes together."""

from base64 import b32decode, b32encode
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.tables import Account
from auth.clients.pairwise import pairwise_subject
from auth.clients.tables import PairwiseSubject
from kernel.clock import Clock

SECTOR_PREFIX = "codes:"


async def subject_for(session: AsyncSession, clock: Clock, group: str, account_id: UUID) -> bytes:
    """Return the 16 bytes for an account; made if this is the first time."""
    return subject_bytes(await pairwise_subject(session, clock, SECTOR_PREFIX + group, account_id))


async def holder_of(session: AsyncSession, subject: bytes) -> tuple[Account, str] | None:
    """Return whose name it is, and in which group: one query, as a barrier waits for it."""
    query = select(Account, PairwiseSubject.sector).where(
        PairwiseSubject.subject == _text(subject),
        PairwiseSubject.account_id == Account.id,
        col(PairwiseSubject.sector).startswith(SECTOR_PREFIX),
    )
    found = (await session.exec(query)).first()
    return (found[0], found[1].removeprefix(SECTOR_PREFIX)) if found is not None else None


def subject_bytes(text: str) -> bytes:
    """Return a stored subject, 26 lower case base32 characters, as its 16 bytes."""
    return b32decode(text.upper() + "=" * 6)


def _text(subject: bytes) -> str:
    return b32encode(subject).decode().rstrip("=").lower()
