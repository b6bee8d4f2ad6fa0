"""What sites were told of who residents are, in the audit log: which claims, never what they say.

The transaction that answers writes a row, so that nothing is told that is not on record, and no site waits for the
log's one lock. Soon after, the rows become entries: each exactly once, also with several workers or one that dies.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.provider.tables import PersonalDataRead
from kernel.audit.chain import text_of
from kernel.audit.entries import Detail, Event, append, current_request
from kernel.clock import Clock

_PERSONAL = frozenset({"name", "phone_number", "id_number"})
_MOST = 200  # in a transaction: everybody else's entries wait for it


def note_read(session: AsyncSession, clock: Clock, client_id: str, account_id: UUID, claims: Iterable[str]) -> None:
    """Note that a client is given claims of an account, if any of them is personal."""
    told = sorted(_PERSONAL.intersection(claims))
    if told:
        row = PersonalDataRead(
            at=clock.now(), client_id=client_id, account_id=account_id, claims=told, request_id=current_request()
        )
        session.add(row)


async def record(session: AsyncSession, clock: Clock) -> int:
    """Record a batch of what was noted; return how much, 0 if there is nothing left."""
    query = select(PersonalDataRead).order_by(col(PersonalDataRead.id)).limit(_MOST)
    rows = (await session.exec(query.with_for_update(skip_locked=True))).all()
    if rows:
        await session.exec(delete(PersonalDataRead).where(col(PersonalDataRead.id).in_([each.id for each in rows])))
        await append(session, clock, *map(_event, rows))
    return len(rows)


def _event(row: PersonalDataRead) -> Event:
    told: dict[str, Detail] = dict.fromkeys(row.claims, True)
    return Event(
        actor=f"client:{row.client_id}",
        action="personal_data.read",
        object=f"account:{row.account_id}",
        details=told | {"at": text_of(row.at)},
        request_id=row.request_id,
    )
