"""Revoking codes: by key, code or phone, or all that a resident holds. PostgreSQL is the truth, lists come from it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import parts_of
from auth.clients.tables import PairwiseSubject
from flows.codes.devices import LAST, phones_of, phones_of_closed
from flows.codes.revocations import Kind, RevocationList, hash_of
from flows.codes.subjects import SECTOR_PREFIX, subject_bytes
from flows.codes.tables import CodeDevice, CodeRevocation
from kernel.clock import Clock

LISTED_FOR = timedelta(minutes=15)
"""How long a resident is on the list: nothing that they were given before lives longer (a batch: 10 minutes, 80 s)."""

_LOCK = 0x5245_564F  # of PostgreSQL's advisory locks: versions are committed in their order
_REVOKED = """
    SELECT EXISTS (SELECT FROM code_revocation JOIN unnest($1::text[], $2::bytea[]) AS named (kind, value)
        USING (kind, value) WHERE at >= $3 OR kind = 'device')
"""


async def revoke(
    session: AsyncSession, clock: Clock, kind: Kind, value: bytes, reason: str, *, until: datetime
) -> CodeRevocation:
    """Put something on the list; online checks refuse it from the commit on."""
    await session.exec(select(func.pg_advisory_xact_lock(_LOCK)))
    version = await newest_version(session) + 1
    row = CodeRevocation(version=version, kind=kind, value=value, at=clock.now(), until=until, reason=reason)
    session.add(row)
    await session.flush()
    return row


async def revoke_phone(session: AsyncSession, clock: Clock, phone: CodeDevice, reason: str) -> None:
    """Refuse whatever a phone signs, for good; it is locked (``phones_of``)."""
    phone.revoked_at = clock.now()
    session.add(phone)
    await revoke(session, clock, "device", phone.public, reason, until=max(phone.trusted_until, clock.now()) + LAST)


async def revoke_all_of(session: AsyncSession, clock: Clock, account_id: UUID, reason: str) -> int:
    """Refuse whatever codes an account was given until now, as when a phone is lost; return under how many names.

    Codes given from now on are good, online at once and offline when the list has forgotten the names. A phone that
    signs codes itself is bound no more. Accounts that have become part of this one are meant too.
    """
    for phone in await phones_of(session, account_id, lock=True):
        await revoke_phone(session, clock, phone, reason)
    query = select(PairwiseSubject.subject).where(
        col(PairwiseSubject.account_id).in_(await parts_of(session, account_id)),
        col(PairwiseSubject.sector).startswith(SECTOR_PREFIX),
    )
    subjects = (await session.exec(query)).all()
    for subject in subjects:
        until = clock.now() + LISTED_FOR
        await revoke(session, clock, "subject", subject_bytes(subject), reason, until=until)
    return len(subjects)


async def is_revoked(
    connection: "asyncpg.Connection[asyncpg.Record]", named: Sequence[tuple[Kind, bytes]], issued_at: datetime
) -> bool:
    """Whether something of these is revoked, for a code that was issued then; a phone is so for good."""
    kinds, values = zip(*named, strict=True)
    return bool(await connection.fetchval(_REVOKED, kinds, values, issued_at))


def to_the_minute(now: datetime) -> datetime:
    """Return the time of the list as of now: those who ask within a minute get the same one."""
    return now.replace(second=0, microsecond=0)


async def newest_version(session: AsyncSession) -> int:
    """Return the version of the list, which grows with everything that is revoked."""
    return (await session.exec(select(func.coalesce(func.max(CodeRevocation.version), 0)))).one()


async def current_list(session: AsyncSession, clock: Clock) -> RevocationList:
    """Return the list as of now. Closed accounts' phones are looked for, so it is not for every request."""
    now, version = clock.now(), await newest_version(session)
    rows = (await session.exec(select(CodeRevocation).where(col(CodeRevocation.until) > now))).all()
    hashes = [hash_of(row.kind, row.value) for row in rows]
    hashes += [hash_of("device", public) for public in await phones_of_closed(session, clock)]
    return RevocationList(version, to_the_minute(now), hashes)
