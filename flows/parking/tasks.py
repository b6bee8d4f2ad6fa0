"""The tasks of parking."""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.apps import OpenApps
from flows.parking.collecting import heard, settle_session
from flows.parking.gathering import Deps
from flows.parking.idempotency import forget
from flows.parking.messages import NOTICE, ORDER_CHANGED, SETTLE, NoticeNamed, SessionNamed
from flows.parking.overdue import bill, due, look
from flows.parking.telling import give_up, tell
from flows.payments.messages import OrderChanged
from kernel.celery import TaskContext, consumer, periodic
from kernel.crypto.keys import open_keys

_OFTEN = timedelta(minutes=1)


@consumer(SETTLE, SessionNamed)
async def settle(session: AsyncSession, context: TaskContext, named: SessionNamed) -> None:
    """Collect or bill what is owed for a session that has ended, or give back what was too much."""
    await settle_session(_deps(session, context), named.session_id)
    await bill(_deps(session, context), named.session_id)


@consumer(ORDER_CHANGED, OrderChanged)
async def order_changed(session: AsyncSession, context: TaskContext, changed: OrderChanged) -> None:
    """Take over what has become of an order."""
    await heard(_deps(session, context), changed.order_id)


async def _untold(session: AsyncSession, context: TaskContext, named: NoticeNamed) -> None:
    await give_up(_deps(session, context), named.notice_id)


@consumer(NOTICE, NoticeNamed, given_up=_untold)
async def notice(session: AsyncSession, context: TaskContext, named: NoticeNamed) -> None:
    """Tell somebody a notice."""
    await tell(_deps(session, context), context.opened(OpenApps), named.notice_id)


@periodic("parking.look", _OFTEN)
async def look_at_due(context: TaskContext) -> None:
    """Close orphans, remind of arrears: each session in a transaction of its own."""
    for session_id in await due(context.database, context.clock):
        async with context.database.session() as session:
            await look(_deps(session, context), session_id)


@periodic("parking.forget", timedelta(hours=1))
async def forget_requests(context: TaskContext) -> None:
    """Forget operators' calls of more than a day ago."""
    async with context.database.session() as session:
        await forget(session, context.clock)


def _deps(session: AsyncSession, context: TaskContext) -> Deps:
    return Deps(session, context.clock, open_keys(context.settings))
