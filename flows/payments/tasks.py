"""The tasks of payments. A message that a defect keeps from being done is not given up: money has no last attempt."""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.apps import OpenApps
from adapters.parking_products import OpenParking
from auth.issuer import issuer
from auth.sessions.tasks import in_batches
from flows.payments import notices, ordering
from flows.payments.debiting import DEBIT, DebitAsked, charge
from flows.payments.messages import EXPIRE, QUERY, REFUND, AttemptNamed, OrderNamed, RefundNamed
from flows.payments.moving import move
from flows.payments.querying import Hosts, look
from kernel.celery import TaskContext, again_later, consumer, periodic
from kernel.crypto.keys import open_keys
from kernel.outbox import send


@consumer(QUERY, AttemptNamed, given_up=again_later(QUERY))
async def query(session: AsyncSession, context: TaskContext, named: AttemptNamed) -> None:
    """Ask how an attempt stands."""
    hosts = Hosts(context.opened(OpenApps).channels, context.opened(OpenParking).charging)
    await look(session, context.clock, hosts, named)


async def _ask_instead(session: AsyncSession, context: TaskContext, asked: DebitAsked) -> None:
    send(session, context.clock, QUERY, AttemptNamed(asked.number, goes_on=True))


@consumer(DEBIT, DebitAsked, given_up=_ask_instead)
async def debit(session: AsyncSession, context: TaskContext, asked: DebitAsked) -> None:
    """Charge an attempt by its mandate."""
    charging = context.opened(OpenParking).charging
    due = asked.opened(open_keys(context.settings).cipher)
    await charge(session, context.clock, charging, due, issuer(context.settings))


@consumer(REFUND, RefundNamed, given_up=again_later(REFUND))
async def refund(session: AsyncSession, context: TaskContext, named: RefundNamed) -> None:
    """Move a refund on."""
    await move(session, context.clock, context.opened(OpenApps).channels, named)


@consumer(EXPIRE, OrderNamed, given_up=again_later(EXPIRE))
async def expire(session: AsyncSession, context: TaskContext, named: OrderNamed) -> None:
    """Close an order whose time is over; what hosts have of it is asked about first."""
    await ordering.expire(session, context.clock, named.order_id)


@periodic("payments.forget", timedelta(hours=1))
async def forget_every_hour(context: TaskContext) -> None:
    """Delete old notices."""
    await in_batches(context, lambda session: notices.forget(session, context.clock))
