"""The tasks of payments. A message that a defect keeps from being done is not given up: money has no last attempt."""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.apps import OpenApps
from flows.payments.messages import EXPIRE, QUERY, REFUND, AttemptNamed, OrderNamed, RefundNamed
from flows.payments.moving import move
from flows.payments.ordering import close_if_over, locked
from flows.payments.querying import look
from kernel.celery import TaskContext, consumer
from kernel.outbox import send

_AGAIN = timedelta(hours=1)


async def _query_again(session: AsyncSession, context: TaskContext, named: AttemptNamed) -> None:
    send(session, context.clock, QUERY, named, _AGAIN)


@consumer(QUERY, AttemptNamed, given_up=_query_again)
async def query(session: AsyncSession, context: TaskContext, named: AttemptNamed) -> None:
    """Ask how an attempt stands."""
    await look(session, context.clock, context.opened(OpenApps).channels, named)


async def _refund_again(session: AsyncSession, context: TaskContext, named: RefundNamed) -> None:
    send(session, context.clock, REFUND, named, _AGAIN)


@consumer(REFUND, RefundNamed, given_up=_refund_again)
async def refund(session: AsyncSession, context: TaskContext, named: RefundNamed) -> None:
    """Move a refund on."""
    await move(session, context.clock, context.opened(OpenApps).channels, named)


async def _expire_again(session: AsyncSession, context: TaskContext, named: OrderNamed) -> None:
    send(session, context.clock, EXPIRE, named, _AGAIN)


@consumer(EXPIRE, OrderNamed, given_up=_expire_again)
async def expire(session: AsyncSession, context: TaskContext, named: OrderNamed) -> None:
    """Close an order whose time is over; what hosts have of it is asked about first."""
    await close_if_over(session, context.clock, await locked(session, named.order_id))
