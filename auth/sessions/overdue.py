"""Sessions that nobody ended: those that were unused or grew too old end as by a sign-out, and old rows are deleted.

Both go by batches and skip what another transaction holds, so that several workers share the work.
"""

from datetime import datetime

from sqlalchemy import delete, exists, func, not_
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.sessions.sessions import end
from auth.sessions.tables import UNRECORDED, EndReason, RefreshToken, Session, TokenFamily
from kernel.clock import Clock

_MOST = 100  # sessions in a transaction, with all that hangs on them


async def end_due(session: AsyncSession, clock: Clock) -> int:
    """End a batch of the sessions whose time is over; return how many, 0 if there are none left."""
    due = func.least(col(Session.idle_until), col(Session.expires_at))
    query = select(Session.sid, Session.idle_until < Session.expires_at)
    query = query.where(due <= clock.now(), col(Session.ended_at).is_(None)).order_by(due).limit(_MOST)
    rows = (await session.exec(query.with_for_update(skip_locked=True))).all()
    reasons: dict[bool, EndReason] = {True: "idle", False: "expired"}
    for by_idleness, reason in reasons.items():
        await end(session, clock, [sid for sid, idle in rows if idle is by_idleness], reason)
    return len(rows)


async def forget(session: AsyncSession, before: datetime) -> int:
    """Delete a batch of the sessions that were over ``before``, with their tokens; return how many.

    A session goes after those that came from it, after the last token that may be used without it, and never before
    the audit log has it.
    """
    child = aliased(Session)
    over = func.least(col(TokenFamily.revoked_at), col(TokenFamily.expires_at))  # of what is null, the other
    query = select(Session.sid).where(
        col(Session.ended_at) < before,
        not_(UNRECORDED),
        ~exists().where(col(child.parent_sid) == col(Session.sid)),
        ~exists().where(col(TokenFamily.sid) == col(Session.sid), over >= before),
    )
    sids = (await session.exec(query.limit(_MOST).with_for_update(skip_locked=True))).all()
    families = select(TokenFamily.id).where(col(TokenFamily.sid).in_(sids))
    await session.exec(delete(RefreshToken).where(col(RefreshToken.family_id).in_(families)))
    await session.exec(delete(TokenFamily).where(col(TokenFamily.sid).in_(sids)))
    await session.exec(delete(Session).where(col(Session.sid).in_(sids)))
    return len(sids)
