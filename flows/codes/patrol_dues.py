"""Work items for patrols: the stickers that nobody of the city has seen for 30 days, each until somebody has.

A sticker has one open item at most. Nobody closes one by hand: a patrol does by looking, or the sticker is retired.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.codes.place_tables import PatrolDue, PatrolDueState, StaticCode
from kernel.clock import Clock

VERIFIED_EVERY = timedelta(days=30)
_SEEN_AT = func.coalesce(StaticCode.last_verified_at, StaticCode.created_at)


def is_overdue(at: datetime) -> ColumnElement[bool]:
    """Return the condition for stickers that no patrol has seen well for 30 days by then."""
    return (col(StaticCode.status) == "active") & (at - VERIFIED_EVERY >= _SEEN_AT)


async def open_dues(session: AsyncSession, clock: Clock) -> int:
    """Open an item for each overdue sticker that has none; return how many."""
    now = clock.now()
    has_one = select(PatrolDue.id).where(PatrolDue.object_id == StaticCode.object_id, PatrolDue.state == "open")
    overdue = select(StaticCode.object_id, _SEEN_AT).where(is_overdue(now), ~has_one.exists())
    found = (await session.exec(overdue)).all()
    for object_id, seen in found:
        session.add(PatrolDue(object_id=object_id, due_at=seen + VERIFIED_EVERY, opened_at=now))
    return len(found)


async def dues(session: AsyncSession) -> Sequence[tuple[PatrolDue, StaticCode]]:
    """Return the open items with their stickers, the longest due first."""
    query = select(PatrolDue, StaticCode).where(PatrolDue.state == "open", PatrolDue.object_id == StaticCode.object_id)
    return (await session.exec(query.order_by(col(PatrolDue.due_at), StaticCode.reference))).all()


async def end_due(session: AsyncSession, clock: Clock, object_id: bytes, state: PatrolDueState) -> None:
    """End a sticker's open item, if it has one."""
    mine = (col(PatrolDue.object_id) == object_id) & (col(PatrolDue.state) == "open")
    await session.exec(update(PatrolDue).where(mine).values(state=state, ended_at=clock.now()))
