"""Sign-ins and sign-outs in the audit log: soon after, so that nobody who signs in waits for the log's one lock.

The session's row is the fact. What is not recorded yet is found by an index of just that, and recorded and marked in
one transaction: exactly once, also with several workers or one that dies.
"""

from collections.abc import Iterator

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.assurance import level_of
from auth.sessions.tables import UNRECORDED, Session
from kernel.audit.chain import text_of
from kernel.audit.entries import Detail, Event, append
from kernel.clock import Clock

_MOST = 200  # sessions in a transaction: everybody else's entries wait for it


async def record(session: AsyncSession, clock: Clock) -> int:
    """Record a batch of what began and ended; return of how many sessions, 0 if there is none left."""
    query = select(Session).where(UNRECORDED).order_by(col(Session.created_at)).limit(_MOST)
    rows = (await session.exec(query.with_for_update(skip_locked=True, key_share=True))).all()
    events = [event for row in rows for event in _events(row)]
    if events:
        await append(session, clock, *events)
    return len(rows)


def _events(row: Session) -> Iterator[Event]:
    """Yield what is not recorded of a session, and mark it."""
    if not row.begin_recorded:
        about: dict[str, Detail] = {"at": text_of(row.created_at), "client": row.client_id, "channel": row.channel}
        if row.parent_sid is not None:
            about["parent"] = row.parent_sid
        yield _event(row, "session.begun", about)
        row.begin_recorded = True
    if row.ended_at is not None:
        reason = row.end_reason.replace(" ", "_")  # of an older version's, which had words
        yield _event(row, "session.ended", {"at": text_of(row.ended_at), "reason": reason})
        row.end_recorded = True


def _event(row: Session, action: str, details: dict[str, Detail]) -> Event:
    return Event(
        actor=f"account:{row.account_id}",
        acr=level_of(row.ial, row.aal),
        action=action,
        object=f"session:{row.sid}",
        details=details,
    )
