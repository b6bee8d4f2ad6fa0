"""Giving money back: asked for once, entered as owed to the resident at once, and as gone when the host says it is.

A number is kept through every repetition: with another one a host would give back twice. Accepted is not done. What a
host cannot do is stuck, and for people (``yiwang payment``): the debt to the resident stays in the ledger meanwhile.
"""

import logging
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.payments import ledger
from flows.payments.errors import AmountRefusedError, RepeatedDifferentlyError, UnknownOrderError, WrongStateError
from flows.payments.messages import REFUND, RefundNamed, tell
from flows.payments.ordering import locked
from flows.payments.states import OWED_REFUNDS, PAID_ORDERS, RefundEvent, after_order, after_refund
from flows.payments.tables import Because, PaymentAttempt, PaymentOrder, PaymentRefund
from kernel.clock import Clock
from kernel.money import Fen
from kernel.outbox import send

_log = logging.getLogger(__name__)


async def refund(
    session: AsyncSession, clock: Clock, order_id: UUID, *, amount: Fen, reason: str, idempotency_key: str
) -> PaymentRefund:
    """Have a paid order given back, all of it or a part; the same key again is the same refund.

    Raises UnknownOrderError, WrongStateError, AmountRefusedError, RepeatedDifferentlyError.
    """
    order = await locked(session, order_id)
    known = await _by_key(session, order_id, idempotency_key)
    if known is not None:
        if known.amount != amount:
            raise RepeatedDifferentlyError("The key has a refund of another amount", fix="Take a new key.")
        return known
    if order.state not in PAID_ORDERS or order.paid_by is None:
        raise WrongStateError(f"The order is {order.state}: nothing of it was paid", fix="Look how it stands now.")
    left = order.amount - await _asked_back(session, order)
    if not 0 < amount <= left:
        raise AmountRefusedError(f"{amount} fen of {left} fen cannot be given back", fix="Ask for what is left.")
    made = PaymentRefund(
        order_id=order.id,
        attempt_number=order.paid_by,
        idempotency_key=idempotency_key,
        reason=reason,
        amount=amount,
        created_at=clock.now(),
        changed_at=clock.now(),
    )
    entries = ledger.moved(amount, debit=order.payee, credit=ledger.resident(order.account_id))
    await ledger.post(session, clock, f"refund:{made.number}", f"payment_order:{order.id}", entries)
    order.state, order.changed_at = after_order(order.state, "refund"), clock.now()
    session.add(order)
    tell(session, clock, order)
    await _begin(session, clock, made)
    return made


async def give_back(session: AsyncSession, clock: Clock, attempt: PaymentAttempt, because: Because) -> PaymentRefund:
    """Give back all that came by a surplus attempt, whose order is locked. The ledger has it as theirs already."""
    made = PaymentRefund(
        order_id=attempt.order_id,
        attempt_number=attempt.number,
        idempotency_key=f"surplus:{attempt.number}",
        because=because,
        reason=_REASONS[because],
        amount=attempt.paid_amount or 0,
        created_at=clock.now(),
        changed_at=clock.now(),
    )
    await _begin(session, clock, made)
    return made


async def locked_refund(session: AsyncSession, number: str) -> tuple[PaymentOrder, PaymentRefund]:
    """Return a refund and its order, for this transaction alone. Raises UnknownOrderError."""
    found = await session.get(PaymentRefund, number)
    if found is None:
        raise UnknownOrderError("There is no such refund", fix="`yiwang payment stuck` lists those that wait.")
    order = await locked(session, found.order_id)
    await session.refresh(found, with_for_update=True)
    return order, found


async def step(
    session: AsyncSession, clock: Clock, number: str, event: RefundEvent, *, said: str = ""
) -> PaymentRefund:
    """Take one step of a refund. One that is over stays so, whatever a host says of it again.

    Raises UnknownOrderError; WrongStateError for what people may not do to it now.
    """
    order, found = await locked_refund(session, number)
    if found.state in {"done", "paid_out"} and event not in {"retry", "pay_out"}:
        return found
    found.state, found.changed_at, found.said = after_refund(found.state, event), clock.now(), said
    session.add(found)
    if found.state in {"done", "paid_out"}:
        await _finished(session, clock, order, found)
    elif found.state == "stuck":
        _log.error("a refund is stuck: `yiwang payment stuck`", extra={"refund": number, "said": said})
    elif event == "retry":
        found.queries = 0
        send(session, clock, REFUND, RefundNamed(number, goes_on=True))
    return found


async def stuck(session: AsyncSession) -> Sequence[PaymentRefund]:
    """Return the refunds that wait for people, the oldest first."""
    query = select(PaymentRefund).where(PaymentRefund.state == "stuck").order_by(col(PaymentRefund.changed_at))
    return (await session.exec(query)).all()


async def refunds_of(session: AsyncSession, attempt_number: str) -> Sequence[PaymentRefund]:
    """Return the refunds of an attempt, the oldest first."""
    query = select(PaymentRefund).where(PaymentRefund.attempt_number == attempt_number)
    return (await session.exec(query.order_by(col(PaymentRefund.number)))).all()


async def _begin(session: AsyncSession, clock: Clock, made: PaymentRefund) -> None:
    session.add(made)
    await session.flush()
    send(session, clock, REFUND, RefundNamed(made.number, goes_on=True))


async def _finished(session: AsyncSession, clock: Clock, order: PaymentOrder, found: PaymentRefund) -> None:
    """Enter that the resident has the money; of an order that counts, its state follows when nothing else is owed."""
    found.done_at = clock.now()
    attempt = await session.get_one(PaymentAttempt, found.attempt_number)
    source = ledger.PAID_OUT if found.state == "paid_out" else ledger.host(attempt.provider, attempt.app_id)
    entries = ledger.moved(Fen(found.amount), debit=ledger.resident(order.account_id), credit=source)
    await ledger.post(session, clock, f"refunded:{found.number}", f"payment_order:{order.id}", entries)
    await session.flush()
    if found.because != "asked":
        return
    order.refunded += found.amount
    if not any(each.state in OWED_REFUNDS for each in await refunds_of(session, found.attempt_number)):
        order.state = after_order(order.state, "returned_all" if order.refunded == order.amount else "returned_part")
    order.changed_at = clock.now()
    session.add(order)
    tell(session, clock, order)


async def _by_key(session: AsyncSession, order_id: UUID, key: str) -> PaymentRefund | None:
    query = select(PaymentRefund).where(PaymentRefund.order_id == order_id, PaymentRefund.idempotency_key == key)
    return (await session.exec(query)).first()


async def _asked_back(session: AsyncSession, order: PaymentOrder) -> int:
    query = select(func.coalesce(func.sum(PaymentRefund.amount), 0))
    query = query.where(PaymentRefund.order_id == order.id, PaymentRefund.because == "asked")
    return int((await session.exec(query)).one())


_REASONS = {
    "asked": "",
    "late": "The order was closed before the payment came",
    "twice": "The order was paid before",
    "amount": "Another amount was paid than was ordered",
    "returned": "The host app says that the payment was given back",
}
