"""After leaving: what is owed is debited once if a mandate allows it, what was paid too much goes back."""

from uuid import UUID

from flows.parking.cases import Case
from flows.parking.finding import session_of
from flows.parking.gathering import Deps, touched_session
from flows.parking.mandates import mandate_for
from flows.parking.notices import notify
from flows.parking.paying import Payer, order_changed, place
from flows.parking.projecting import money_of, owed
from flows.parking.quoting import rewritten, standing
from flows.parking.session_tables import ParkingPayment, ParkingSession
from flows.payments.ordering import give_up
from flows.payments.refunding import refund
from kernel.money import Fen


async def settle_session(deps: Deps, session_id: UUID) -> None:
    """Collect or give back, as a session that ended stands now; whoever asks twice changes nothing."""
    row = await session_of(deps.session, session_id)
    touched = await touched_session(deps, row)
    case = await touched.case(row.id)
    owes = owed(money_of(case, touched.terms), case.facts)
    if owes < 0:
        await _give_back(deps, row, case, -owes)
    elif owes and case.visit.match == "exact" and row.debited_at is None and not _pending(case):
        await _debit(deps, row, case, owes)


async def debit_failed(deps: Deps, order_id: UUID) -> None:
    """A host could not debit: nobody tries again, and what is owed becomes arrears."""
    await give_up(deps.session, deps.clock, order_id)
    await order_changed(deps, order_id)


async def heard(deps: Deps, order_id: UUID) -> None:
    """An order has changed: take it over, and tell of a debit that failed."""
    row = await order_changed(deps, order_id)
    payment = await deps.session.get(ParkingPayment, order_id)
    if row is not None and payment is not None and payment.kind == "debit" and payment.closed_at:
        await notify(deps, row, "debit_failed", payment.amount_fen, payment.account_id)


async def _debit(deps: Deps, row: ParkingSession, case: Case, owes: int) -> None:
    """Place the order that the host is to charge by the mandate; there is no second one for a session."""
    mandate = await mandate_for(deps.session, case.credential, owes)
    if mandate is None:
        return
    payer = Payer(account_id=mandate.account_id, idempotency_key=f"parking_debit:{row.id}", mandate_id=mandate.id)
    await place(deps, await standing(deps, row.id), payer, "debit")
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


def _pending(case: Case) -> bool:
    return any(each.paid_at is None and each.closed_at is None for each in case.payments)
