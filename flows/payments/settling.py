"""A host's word about an attempt made true: order, attempt, refund and ledger change together, once, whoever says it.

Callbacks and queries end here, in any order, twice or at the same moment: the order's row is locked first.
"""

import logging
from typing import NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.channel import Payment
from auth.accounts.tables import Identity
from flows.payments import ledger, refunding
from flows.payments.errors import UnknownOrderError
from flows.payments.judging import Judgement, Standing, judge
from flows.payments.messages import QUERY, AttemptNamed, tell
from flows.payments.ordering import close_if_over, live_attempts, locked
from flows.payments.states import AttemptEvent, after_attempt, after_order
from flows.payments.tables import Because, PaymentAttempt, PaymentOrder
from kernel.clock import Clock
from kernel.money import Fen
from kernel.outbox import send

_log = logging.getLogger(__name__)


class Held(NamedTuple):
    """An order and one attempt of it, both locked."""

    order: PaymentOrder
    attempt: PaymentAttempt


async def settle(session: AsyncSession, clock: Clock, number: str, found: Payment) -> Judgement:
    """Judge a verified word about an attempt and do what follows. Raises UnknownOrderError for a number not ours."""
    held = await locked_attempt(session, number)
    judgement = judge(Standing(held.order.state, held.attempt.state, held.attempt.amount), found)
    match judgement.verdict:
        case "pay":
            await _pay(session, clock, held, found)
        case "overpay":
            await _overpay(session, clock, held, found, judgement.because or "twice")
        case "close" | "fail" | "prepare":
            await step(session, clock, held, judgement.verdict)
            if held.attempt.mandate_id is not None and judgement.verdict != "prepare":
                tell(session, clock, held.order)  # nobody was at hand to see that it could not be charged
        case "ask" | "nothing":  # asked by whoever was told: a query that asks for a query would never end
            pass
    return judgement


async def is_anothers(session: AsyncSession, attempt: PaymentAttempt, found: Payment) -> bool:
    """Whether the host names who has paid, and it is not who began the attempt. It is paid nevertheless."""
    names = {found.payer, found.payer_union} - {""}
    if not names or attempt.identity_id is None:
        return False
    began = await session.get_one(Identity, attempt.identity_id)
    return names.isdisjoint({began.subject, began.union_subject})


async def locked_attempt(session: AsyncSession, number: str) -> Held:
    """Return an attempt and its order, for this transaction alone. Raises UnknownOrderError."""
    attempt = await session.get(PaymentAttempt, number)
    if attempt is None:
        raise UnknownOrderError("There is no such attempt", fix="Compare its number.")
    order = await locked(session, attempt.order_id)
    await session.refresh(attempt, with_for_update=True)
    return Held(order, attempt)


async def step(session: AsyncSession, clock: Clock, held: Held, event: AttemptEvent) -> None:
    """Take one step of a locked attempt. With its last live one, an order whose time is over closes."""
    order, attempt = held
    attempt.state, attempt.changed_at = after_attempt(attempt.state, event), clock.now()
    session.add(attempt)
    await session.flush()
    if event in {"close", "fail"} and not await live_attempts(session, order.id):
        await close_if_over(session, clock, order)


async def _pay(session: AsyncSession, clock: Clock, held: Held, found: Payment) -> None:
    await _enter(session, clock, held, found, counts=True)
    order = held.order
    order.state, order.changed_at = after_order(order.state, "pay"), clock.now()
    order.paid_by, order.paid_at = held.attempt.number, held.attempt.paid_at
    session.add(order)
    tell(session, clock, order)
    for other in await live_attempts(session, order.id):  # what is left open elsewhere is closed
        send(session, clock, QUERY, AttemptNamed(other.number))


async def _overpay(session: AsyncSession, clock: Clock, held: Held, found: Payment, because: Because) -> None:
    await _enter(session, clock, held, found, counts=False)
    said = {"order": held.order.id, "attempt": held.attempt.number, "because": because}
    _log.warning("money came that is not owed, and goes back", extra=said)
    await refunding.give_back(session, clock, held.attempt, because)
    await close_if_over(session, clock, held.order)


async def _enter(session: AsyncSession, clock: Clock, held: Held, found: Payment, *, counts: bool) -> None:
    """Write down that money came: what counts is the payee's, what does not stays the resident's."""
    order, attempt = held
    attempt.state = after_attempt(attempt.state, "pay" if counts else "overpay")
    attempt.changed_at = clock.now()
    attempt.transaction, attempt.paid_amount = found.transaction, found.amount
    attempt.paid_at = found.paid_at or clock.now()
    if await is_anothers(session, attempt, found):
        attempt.said = "The host names another payer than who began it"
        _log.warning("somebody else has paid than began it", extra={"order": order.id, "attempt": attempt.number})
    session.add(attempt)
    entries = ledger.moved(
        Fen(found.amount or 0),
        debit=ledger.host(attempt.provider, attempt.app_id),
        credit=order.payee if counts else ledger.resident(order.account_id),
    )
    await ledger.post(session, clock, f"paid:{attempt.number}", f"payment_order:{order.id}", entries)
    await session.flush()
