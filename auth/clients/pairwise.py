"""Pairwise subjects (OpenID Connect Core section 8.1): what a sector calls an account, and no other sector does.

Random, and stored: nobody can compute one from the other, and a merge or another phone number changes nothing.
"""

import secrets
from base64 import b32encode
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.tables import PairwiseSubject
from kernel.clock import Clock

FIRST_PARTY = "yiwang"
"""The sector of the platform's own front ends."""


def department_sector(department: str) -> str:
    """Return the sector of a department: its sites and its APIs know a resident by one name."""
    return f"department:{department}"


async def pairwise_subject(session: AsyncSession, clock: Clock, sector: str, account_id: UUID) -> str:
    """Return the subject, 26 lower case letters and digits; made if this is the first time."""
    query = select(PairwiseSubject.subject).where(
        PairwiseSubject.sector == sector, PairwiseSubject.account_id == account_id
    )
    if (known := (await session.exec(query)).first()) is not None:
        return known
    subject = b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()
    made = insert(PairwiseSubject).values(sector=sector, account_id=account_id, subject=subject, created_at=clock.now())
    await session.exec(made.on_conflict_do_nothing(index_elements=["sector", "account_id"]))  # another was faster
    return (await session.exec(query)).one()


async def account_by_subject(session: AsyncSession, sector: str, subject: str) -> UUID | None:
    """Return the account that a sector calls so."""
    query = select(PairwiseSubject.account_id).where(
        PairwiseSubject.sector == sector, PairwiseSubject.subject == subject
    )
    return (await session.exec(query)).first()
