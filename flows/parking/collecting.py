"""After leaving: what is owed is debited once if a mandate allows it, what was paid too much goes back."""

from uuid import UUID

from flows.parking.cases import Case
from flows.parking.finding import session_of
from flows.parking.gathering import Deps, touched_session
from flows.parking.mandates import mandate_for
from flows.parking.messages import CHARGE, DebitOrdered
from flows.parking.notices import notify
from flows.parking.paying import Payer, order_changed, place
from flows.parking.projecting import money_of, owed
from flows.parking.quoting import rewritten, standing
from flows.parking.session_tables import ParkingPayment, ParkingSession
from flows.payments.ordering import give_up, live_attempts
from flows.payments.refunding import refund
from kernel.money import Fen
from kernel.outbox import send


async def settle_session(deps: Deps, session_id: UUID) -> None:
    """Collect or give back, as a session that ended stands now; whoever asks twice changes nothing."""
    row = await session_of(deps.session, session_id)
    touched = await touched_session(deps, row)
    case = await touched.case(row.id)
    owes = owed(money_of(case, touched.terms), case)
    if owes < 0:
        await _give_back(deps, row, case, -owes)
    elif owes and _debitable(case):
        await _debit(deps, row, case, owes)


async def debit_failed(deps: Deps, order_id: UUID) -> None:
    """A host could not debit: nobody tries again, and what is owed becomes arrears."""
    payment = await deps.session.get_one(ParkingPayment, order_id)
    await touched_session(deps, await session_of(deps.session, payment.session_id))  # its locks before the order's
    await give_up(deps.session, deps.clock, order_id)
    await order_changed(deps, order_id)


async def heard(deps: Deps, order_id: UUID) -> None:
    """An order has changed: take it over. What nobody has paid by hand may be debited now.

    A debit that no host makes any more is given up, and told of once closed.
    """
    row = await order_changed(deps, order_id)
    payment = await deps.session.get(ParkingPayment, order_id)
    if row is None or payment is None:
        return
    if payment.kind != "debit":
        if payment.closed_at:
            await settle_session(deps, row.id)
    elif payment.closed_at:
        if row.written_off_at is None and row.dispute != "open":  # else it was stopped, and nothing failed
            await notify(deps, row, "debit_failed", payment.amount_fen, payment.account_id)
    elif not payment.paid_at and not await live_attempts(deps.session, order_id):
        await debit_failed(deps, order_id)


async def _debit(deps: Deps, row: ParkingSession, case: Case, owes: int) -> None:
    """Place the order that the host is to charge by the mandate; there is no second one for a session."""
    mandate = await mandate_for(deps.session, row.id, case.credential, owes)
    if mandate is None:
        return
    payer = Payer(account_id=mandate.account_id, idempotency_key=f"parking_debit:{row.id}", mandate_id=mandate.id)
    order = await place(deps, await standing(deps, row.id), payer, "debit")
    send(deps.session, deps.clock, CHARGE, DebitOrdered(order.id, case.visit.color))
    row.debited_at = deps.clock.now()
    await rewritten(deps, row)


async def _give_back(deps: Deps, row: ParkingSession, case: Case, surplus: int) -> None:
    """Give back what was paid too much, of the latest payments first."""
    for payment in sorted(case.payments, key=lambda each: each.order_id, reverse=True):
        part = min(surplus, payment.fen)
        if part <= 0:
            continue
        key = f"parking:{row.id}:{payment.refunded_fen + part}"
        held = await deps.session.get_one(ParkingPayment, payment.order_id, populate_existing=True)
        await refund(
            deps.session, deps.clock, payment.order_id, amount=Fen(part), reason="停车费多付", idempotency_key=key
        )
        held.refunded_fen += part
        surplus -= part
        deps.session.add(held)
    await rewritten(deps, row)


def _debitable(case: Case) -> bool:
    """Whether a session may be debited at all: a device saw its vehicle leave, nobody guessed, disputes or pays."""
    paying = any(each.paid_at is None and each.closed_at is None for each in case.payments)
    seen = case.visit.match == "exact" and case.visit.left_at is not None and not case.visit.left_by_phone
    return seen and case.facts.debited_at is None and case.facts.dispute != "open" and not paying
