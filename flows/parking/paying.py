"""Paying for a session: one order at a time, for what is due now; what was paid gives time to leave."""

from collections.abc import Container
from datetime import timedelta
from uuid import UUID

from msgspec import Struct
from sqlmodel import select

from flows.parking.cases import Case
from flows.parking.errors import AlreadyCoveredError, PaymentUnderwayError
from flows.parking.explaining import Words, line_words
from flows.parking.finding import session_of
from flows.parking.gathering import Deps, touched_session
from flows.parking.messages import ORDER_CHANGED
from flows.parking.ownership import shows
from flows.parking.projecting import covered_from
from flows.parking.quoting import HOLDS, Standing, rewritten, standing
from flows.parking.session_tables import ParkingPayment, ParkingSession, PaymentKind
from flows.payments.errors import RepeatedDifferentlyError
from flows.payments.ordering import Line, NewOrder, give_up, live_attempts, locked, place_order
from flows.payments.states import OPEN_ORDERS
from flows.payments.tables import PaymentOrder
from kernel.clock import CHINA
from kernel.money import Fen

DEBITED_WITHIN = timedelta(hours=6)
"""A debit that no host has made by then has failed, and is given up."""


class Payer(Struct, frozen=True, kw_only=True):
    """Who pays, and the key by which it is one payment however often it is asked for."""

    account_id: UUID
    idempotency_key: str
    mandate_id: UUID | None = None


async def pay(deps: Deps, session_id: UUID, payer: Payer) -> PaymentOrder:
    """Return the order to be paid for what a session costs now; the same key again is the same order.

    Raises AlreadyCoveredError, RepeatedDifferentlyError if that was for another session, PaymentUnderwayError if
    somebody else is paying, UnknownSessionError, NoTariffError.
    """
    asked = await _asked_before(deps, session_id, payer)
    if asked is not None:
        return asked
    found = await standing(deps, session_id)
    for pending in found.case.payments:
        if pending.paid_at or pending.closed_at:
            continue
        order = await deps.session.get_one(PaymentOrder, pending.order_id)
        if order.expires_at > deps.clock.now() and not order.closing and pending.kind != "debit":
            if order.account_id == payer.account_id:
                return order
            raise PaymentUnderwayError("Somebody else is paying for this session", fix="Ask again in some minutes.")
        await _over(deps, pending.order_id)
    _refuse_if_covered(deps, found)
    return await place(deps, found, payer, "prepay" if found.case.visit.inside else "arrears")


async def order_changed(deps: Deps, order_id: UUID) -> ParkingSession | None:
    """Take over what has become of an order: it is paid, closed, or something of it went back; its session."""
    payment = await deps.session.get(ParkingPayment, order_id)
    if payment is None:
        return None
    row = await session_of(deps.session, payment.session_id)
    terms = (await touched_session(deps, row)).terms  # under its locks
    await deps.session.refresh(payment)
    order = await deps.session.get_one(PaymentOrder, order_id, populate_existing=True)
    if order.paid_at and not payment.paid_at:
        payment.paid_at, payment.covers_until = order.paid_at, order.paid_at + terms.grace(row)
    if order.state == "closed":
        payment.closed_at = order.changed_at
    payment.refunded_fen = max(payment.refunded_fen, order.refunded)
    deps.session.add(payment)
    await rewritten(deps, row)
    return row


async def stop(deps: Deps, case: Case, kinds: Container[str] = ("prepay", "arrears", "debit")) -> None:
    """Let nobody pay or charge what of a session is under way; money that comes all the same counts, or goes back."""
    for each in case.payments:
        if each.kind in kinds and each.paid_at is None and each.closed_at is None:
            await give_up(deps.session, deps.clock, each.order_id)


async def place(deps: Deps, found: Standing, payer: Payer, kind: PaymentKind) -> PaymentOrder:
    """Place the order for what is due and note it with the session; whom it is no business of reads no times in it."""
    now, lot, row = deps.clock.now(), found.touched.lot, found.row
    told = kind != "debit" or await shows(deps, payer.account_id, row)
    order = await place_order(
        deps.session,
        deps.clock,
        NewOrder(
            about=f"parking_session:{row.id}",
            account_id=payer.account_id,
            amount=Fen(found.due_fen),
            subject=f"停车费 {lot.name_zh}",
            payee=f"operator:{lot.operator_id}",
            idempotency_key=payer.idempotency_key,
            expires_at=now + (DEBITED_WITHIN if kind == "debit" else HOLDS),
            hears=ORDER_CHANGED,
            lines=_lines(found) if told else (),
        ),
    )
    payment = ParkingPayment(
        order_id=order.id,
        session_id=row.id,
        account_id=payer.account_id,
        kind=kind,
        amount_fen=found.due_fen,
        mandate_id=payer.mandate_id,
        quoted_at=now,
        covers_until=now + HOLDS + found.touched.terms.grace(row),
    )
    deps.session.add(payment)
    await deps.session.flush()
    return order


def _lines(found: Standing) -> tuple[Line, ...]:
    """Return the lines of the receipt, which add up to what is due."""
    lines = [(line_words(each), each.amount_fen) for each in found.fee.lines]
    taken_off = found.due_fen + found.paid_fen - found.fee.total_fen
    lines += [(Words("争议裁定", "decided in a dispute"), Fen(taken_off))] if taken_off else []
    lines += [(Words("此前已付", "paid before"), Fen(-found.paid_fen))] if found.paid_fen else []
    return tuple(Line(f"{words.zh} / {words.en}", amount) for words, amount in lines)


def _refuse_if_covered(deps: Deps, found: Standing) -> None:
    until = [p.covers_until for p in found.case.payments if p.paid_at]
    if found.case.visit.inside and until and covered_from(found.case.payments, deps.clock.now()):
        local = max(until).astimezone(CHINA)
        raise AlreadyCoveredError(f"It is already paid until {local:%H:%M}", fix="Drive to the exit.")
    if not found.due_fen:
        raise AlreadyCoveredError("Nothing is due for this session", fix="Drive to the exit.")


async def _over(deps: Deps, order_id: UUID) -> None:
    """Close an order whose quote is over. Raises PaymentUnderwayError if money may come: then nothing is stopped."""
    order = await locked(deps.session, order_id)
    if order.state in OPEN_ORDERS and await live_attempts(deps.session, order_id):
        raise PaymentUnderwayError("A payment for this session is not decided yet", fix="Ask again in some minutes.")
    order = await give_up(deps.session, deps.clock, order_id)
    if order.state != "closed":  # the session has not heard of it yet
        raise PaymentUnderwayError("A payment for this session has just come in", fix="Ask again in a moment.")
    payment = await deps.session.get_one(ParkingPayment, order_id)
    payment.closed_at = order.changed_at
    deps.session.add(payment)
    await deps.session.flush()


async def _asked_before(deps: Deps, session_id: UUID, payer: Payer) -> PaymentOrder | None:
    chosen = select(PaymentOrder).where(
        PaymentOrder.account_id == payer.account_id, PaymentOrder.idempotency_key == payer.idempotency_key
    )
    order = (await deps.session.exec(chosen)).first()
    if order is None:
        return None
    payment = await deps.session.get(ParkingPayment, order.id)
    if payment is not None:
        paid_for, asked_for = [await session_of(deps.session, each) for each in (payment.session_id, session_id)]
        if paid_for.id == asked_for.id:
            return order
    raise RepeatedDifferentlyError("The key has an order for something else", fix="Take a new key for another session.")
