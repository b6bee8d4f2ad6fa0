"""Orders: placed once however often they are sent, found by their account, closed when nobody may pay them any more."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy.dialects import postgresql
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import parts_of
from flows.payments.errors import (
    AlreadyPaidError,
    AmountRefusedError,
    OrderOverError,
    RepeatedDifferentlyError,
    UnknownOrderError,
)
from flows.payments.messages import EXPIRE, QUERY, AttemptNamed, OrderNamed, tell
from flows.payments.states import LIVE_ATTEMPTS, OPEN_ORDERS, PAID_ORDERS, after_order
from flows.payments.tables import PaymentAttempt, PaymentOrder, PaymentRefund
from kernel.clock import Clock
from kernel.ids import uuid7
from kernel.money import Fen
from kernel.outbox import send
from kernel.queues import queue_of

MOST = Fen(100_000_000_00)  # what Alipay takes at most (alipay.trade.create), the lowest limit of the three hosts
_SOON = timedelta(seconds=1)


class Line(Struct, frozen=True):
    """A line of the receipt."""

    text: str
    amount: Fen


class NewOrder(Struct, frozen=True, kw_only=True):
    """What to have paid. ``about`` and ``payee`` are ``kind:id``; ``lines`` add up to the amount, if there are any.

    ``hears`` is the task that gets ``OrderChanged``. With the same ``idempotency_key`` of the account it is one order;
    its end is then the first one's.
    """

    about: str
    account_id: UUID
    amount: Fen
    subject: str
    payee: str
    idempotency_key: str
    expires_at: datetime
    hears: str = ""
    lines: tuple[Line, ...] = ()


async def place_order(session: AsyncSession, clock: Clock, wanted: NewOrder) -> PaymentOrder:
    """Return the order that was placed, or the one that has the key. An order of nothing is paid at once.

    Raises AmountRefusedError, RepeatedDifferentlyError.
    """
    _check(wanted)
    now = clock.now()
    values = _content(wanted) | {
        "id": uuid7(),
        "idempotency_key": wanted.idempotency_key,
        "expires_at": wanted.expires_at,
        "refunded": 0,
        "closing": False,
        "state": "created",
        "created_at": now,
        "changed_at": now,
    }
    placed = postgresql.insert(PaymentOrder).values(values).on_conflict_do_nothing(constraint="payment_order_once")
    is_new = (await session.exec(placed.returning(col(PaymentOrder.id)))).first() is not None
    order = await _by_key(session, wanted)
    if not is_new:
        _compare(order, wanted)
        return order
    if order.amount == 0:
        order.state, order.paid_at = after_order(order.state, "pay"), now
        session.add(order)
        tell(session, clock, order)
    else:
        _look_at_its_end(session, clock, order)
    return order


async def expire(session: AsyncSession, clock: Clock, order_id: UUID) -> None:
    """Close an order whose time is over; one that can be paid by this clock still is looked at again."""
    order = await locked(session, order_id)
    if is_payable(order, clock):
        _look_at_its_end(session, clock, order)
    else:
        await close_if_over(session, clock, order)


def _look_at_its_end(session: AsyncSession, clock: Clock, order: PaymentOrder) -> None:
    send(session, clock, EXPIRE, OrderNamed(order.id), max(order.expires_at - clock.now(), _SOON))


async def locked(session: AsyncSession, order_id: UUID) -> PaymentOrder:
    """Return an order, for this transaction alone. Everybody locks the order before its attempts and refunds.

    Raises UnknownOrderError.
    """
    order = await session.get(PaymentOrder, order_id, with_for_update=True, populate_existing=True)
    if order is None:
        raise UnknownOrderError("There is no such order", fix="Compare its id.")
    return order


async def order_of(session: AsyncSession, account_id: UUID, order_id: UUID) -> PaymentOrder:
    """Return an account's order, also of an account that became part of it. Raises UnknownOrderError."""
    order = await session.get(PaymentOrder, order_id)
    if order is None or order.account_id not in await parts_of(session, account_id):
        raise UnknownOrderError("You have no such order", fix="Compare its id.")
    return order


async def order_numbered(session: AsyncSession, number: str) -> PaymentOrder:
    """Return an order by the number of an attempt or refund of it. Raises UnknownOrderError."""
    if (attempt := await session.get(PaymentAttempt, number)) is not None:
        return await session.get_one(PaymentOrder, attempt.order_id)
    if (refund := await session.get(PaymentRefund, number)) is not None:
        return await session.get_one(PaymentOrder, refund.order_id)
    raise UnknownOrderError(f"There is no attempt or refund {number}", fix="Compare it with the host's bill.")


async def orders_of(session: AsyncSession, account_id: UUID, most: int = 50) -> Sequence[PaymentOrder]:
    """Return an account's orders, the newest first."""
    query = select(PaymentOrder).where(col(PaymentOrder.account_id).in_(await parts_of(session, account_id)))
    return (await session.exec(query.order_by(col(PaymentOrder.id).desc()).limit(most))).all()


async def live_attempts(session: AsyncSession, order_id: UUID) -> Sequence[PaymentAttempt]:
    """Return the attempts that may still be paid, the oldest first; to be asked with the order locked."""
    query = select(PaymentAttempt).where(
        PaymentAttempt.order_id == order_id, col(PaymentAttempt.state).in_(LIVE_ATTEMPTS)
    )
    query = query.order_by(col(PaymentAttempt.number)).execution_options(populate_existing=True)
    return (await session.exec(query)).all()


async def add_attempt(session: AsyncSession, clock: Clock, order: PaymentOrder, attempt: PaymentAttempt) -> None:
    """Add an attempt to a locked order, which is pending from now on."""
    session.add(attempt)
    order.state, order.changed_at = after_order(order.state, "attempt"), clock.now()
    session.add(order)
    await session.flush()


async def give_up(session: AsyncSession, clock: Clock, order_id: UUID) -> PaymentOrder:
    """Let nobody pay an order any more. It is closed once the hosts have said that no attempt can be paid.

    An order that is paid stays paid: look at what is returned, or wait to hear.
    """
    order = await locked(session, order_id)
    if order.state in OPEN_ORDERS:
        order.closing = True
        session.add(order)
        await close_if_over(session, clock, order)
    return order


async def close_if_over(session: AsyncSession, clock: Clock, order: PaymentOrder) -> None:
    """Close a locked order whose time is over or that nobody wants, or have its live attempts asked about first."""
    if order.state not in OPEN_ORDERS or is_payable(order, clock):
        return
    live = await live_attempts(session, order.id)
    for each in live:
        send(session, clock, QUERY, AttemptNamed(each.number))
    if not live:
        order.state, order.changed_at = after_order(order.state, "close"), clock.now()
        session.add(order)
        tell(session, clock, order)


def is_payable(order: PaymentOrder, clock: Clock) -> bool:
    """Whether an order can be paid now."""
    return order.state in OPEN_ORDERS and not order.closing and order.expires_at > clock.now()


def check_payable(order: PaymentOrder, clock: Clock) -> None:
    """Raise AlreadyPaidError or OrderOverError for an order that cannot be paid now."""
    if order.state in PAID_ORDERS:
        raise AlreadyPaidError("The order is paid", fix="Show its receipt.")
    if not is_payable(order, clock):
        raise OrderOverError("The order can be paid no more", fix="Ask for a new price and order anew.")


async def _by_key(session: AsyncSession, wanted: NewOrder) -> PaymentOrder:
    query = select(PaymentOrder).where(
        PaymentOrder.account_id == wanted.account_id, PaymentOrder.idempotency_key == wanted.idempotency_key
    )
    return (await session.exec(query)).one()


def _check(wanted: NewOrder) -> None:
    if not 0 <= wanted.amount <= MOST:
        raise AmountRefusedError(f"{wanted.amount} fen cannot be ordered", fix=f"Order 0 to {MOST} fen.")
    if wanted.lines and sum(each.amount for each in wanted.lines) != wanted.amount:
        raise AmountRefusedError("The lines do not add up to the amount", fix="Add one for what is missing.")
    if wanted.hears:
        queue_of(wanted.hears)


def _content(wanted: NewOrder) -> dict[str, Any]:
    return {
        "account_id": wanted.account_id,
        "about": wanted.about,
        "hears": wanted.hears,
        "payee": wanted.payee,
        "subject": wanted.subject,
        "lines": msgspec.to_builtins(wanted.lines),
        "amount": wanted.amount,
    }


def _compare(order: PaymentOrder, wanted: NewOrder) -> None:
    different = [name for name, value in _content(wanted).items() if _plain(getattr(order, name)) != _plain(value)]
    if different:
        raise RepeatedDifferentlyError(
            f"The key has an order of other {', '.join(different)}", fix="Take a new key for another order."
        )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
