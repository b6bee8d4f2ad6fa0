"""The tasks of parking."""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.apps import OpenApps
from adapters.parking_products import OpenParking
from auth.issuer import issuer
from auth.sessions.tasks import in_batches
from flows.notices.messages import NoticeNamed
from flows.notices.telling import gives_up
from flows.parking import announcing, debiting, forgetting, telling
from flows.parking.agreeing import ask, give_up
from flows.parking.collecting import debit_failed, heard, settle_session
from flows.parking.gathering import Deps
from flows.parking.host_stays import Products
from flows.parking.idempotency import forget
from flows.parking.messages import (
    AGREEMENT,
    ANNOUNCE,
    CHARGE,
    NOTICE,
    ORDER_CHANGED,
    SETTLE,
    TELL_HOST,
    DebitOrdered,
    HostNamed,
    MandateNamed,
    SessionNamed,
    StayNamed,
)
from flows.parking.overdue import bill, due, look
from flows.parking.session_tables import ParkingNotice
from flows.payments.messages import OrderChanged
from kernel.celery import TaskContext, again_later, consumer, one_by_one, periodic
from kernel.crypto.keys import open_keys

_OFTEN = timedelta(minutes=1)


@consumer(SETTLE, SessionNamed, given_up=again_later(SETTLE))
async def settle(session: AsyncSession, context: TaskContext, named: SessionNamed) -> None:
    """Collect or bill what is owed for a session that has ended, or give back what was too much."""
    await settle_session(_deps(session, context), named.session_id)
    await bill(_deps(session, context), named.session_id)


@consumer(ANNOUNCE, StayNamed)
async def announce(session: AsyncSession, context: TaskContext, named: StayNamed) -> None:
    """Have hosts told how a stay stands now."""
    await announcing.announce(_deps(session, context), _products(context), named)


@consumer(TELL_HOST, HostNamed)
async def tell_host(session: AsyncSession, context: TaskContext, named: HostNamed) -> None:
    """Tell a host what it has not heard of a stay."""
    await announcing.tell(_deps(session, context), _products(context), named)


async def _not_debited(session: AsyncSession, context: TaskContext, ordered: DebitOrdered) -> None:
    await debit_failed(_deps(session, context), ordered.order_id)


@consumer(CHARGE, DebitOrdered, given_up=_not_debited)
async def charge(session: AsyncSession, context: TaskContext, ordered: DebitOrdered) -> None:
    """Have a session's order debited."""
    await debiting.charge(_deps(session, context), _products(context), ordered)


async def _end(session: AsyncSession, context: TaskContext, named: MandateNamed) -> None:
    await give_up(_deps(session, context), named.mandate_id)


@consumer(AGREEMENT, MandateNamed, given_up=_end)
async def agreement(session: AsyncSession, context: TaskContext, named: MandateNamed) -> None:
    """Ask whether a host knows that a resident has agreed."""
    await ask(_deps(session, context), _products(context), named)


@consumer(ORDER_CHANGED, OrderChanged, given_up=again_later(ORDER_CHANGED))
async def order_changed(session: AsyncSession, context: TaskContext, changed: OrderChanged) -> None:
    """Take over what has become of an order."""
    await heard(_deps(session, context), changed.order_id)


@consumer(NOTICE, NoticeNamed, given_up=gives_up(ParkingNotice))
async def notice(session: AsyncSession, context: TaskContext, named: NoticeNamed) -> None:
    """Tell somebody a notice."""
    await telling.tell(_deps(session, context), context.opened(OpenApps), named.notice_id)


@periodic("parking.look", _OFTEN)
async def look_at_due(context: TaskContext) -> None:
    """Close orphans, remind of arrears: each session in a transaction of its own."""
    sessions = await due(context.database, context.clock)
    await one_by_one(context, sessions, lambda session, each: look(_deps(session, context), each))


@periodic("parking.forget", timedelta(hours=1))
async def forget_every_hour(context: TaskContext) -> None:
    """Delete what nobody needs any more (``forgetting``), and operators' calls of more than a day ago."""
    async with context.database.session() as session:
        await forget(session, context.clock)
    await in_batches(context, lambda session: forgetting.forget_stays(_deps(session, context)))
    await in_batches(context, lambda session: forgetting.forget_events(session, context.clock))
    await in_batches(context, lambda session: forgetting.forget_permits(session, context.clock))
    await in_batches(context, lambda session: forgetting.forget_rest(session, context.clock))


def _deps(session: AsyncSession, context: TaskContext) -> Deps:
    return Deps(session, context.clock, open_keys(context.settings))


def _products(context: TaskContext) -> Products:
    return Products(context.opened(OpenParking).products, issuer(context.settings))
