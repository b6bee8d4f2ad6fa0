"""From a visit and what was paid to the session's row: its state and fee, what is owed, what is due when. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from flows.parking import garage_states, roadside_states
from flows.parking.cases import Case, Money, Paid
from flows.parking.credentials import bay_in
from flows.parking.fees import Fee
from flows.parking.tables import LotKind
from flows.parking.terms import Terms
from flows.parking.visits import Visit

_Afterwards = Literal["pay", "debit", "remind", "write_off", "dispute", "adjust"]
ORPHAN_AFTER = timedelta(hours=72)
LONGEST_ORPHAN = timedelta(hours=24)
"""An orphan is charged for a day at most, and not beyond the next entry: nobody knows when it left."""
REMINDERS = (timedelta(days=1), timedelta(days=7), timedelta(days=30))
"""After leaving, to the reminders 1, 2 and 3."""


def covered_from(payments: Iterable[Paid], at: datetime) -> datetime | None:
    """Return the moment up to which the fee is paid, if a payment gives time to leave until ``at``."""
    return max((each.quoted_at for each in payments if each.covers(at)), default=None)


def money_of(case: Case, terms: Terms) -> Money:
    """Return the fee of a visit that ended, and what was paid."""
    visit, closed, paid = case.visit, case.given_up_at, case.paid_fen
    end = visit.left_at
    if closed and not end and visit.entered_at:
        end = orphan_end(visit, closed)
    return Money(None if end is None else fee_until(case, terms, end), paid)


def orphan_end(visit: Visit, at: datetime) -> datetime:
    """Return up to when a visit that nobody saw end is charged for, as of a moment."""
    return min((visit.entered_at or visit.opened_at) + LONGEST_ORPHAN, visit.orphaned_at or at)


def fee_until(case: Case, terms: Terms, end: datetime) -> Fee | None:
    """Return what a visit costs if it ends then; within the grace of a payment it is what that one paid for."""
    visit = case.visit
    if bay_in(visit.credential):  # nobody knows who it is
        return None
    if visit.entered_at is None:
        return minimum(case, terms)
    return terms.fee(terms.stay(case), covered_from(case.payments, end) or end)


def minimum(case: Case, terms: Terms) -> Fee | None:
    """Return what is due for a visit without an entry: the least that is not free, if that is the lot's rule."""
    terms = terms.at(case.visit.opened_at)
    if terms.lot.no_entry != "minimum":
        return None
    version = terms.version(case.visit.opened_at)
    return None if version is None else version.rules.least(terms.stay(case), terms.holidays)


def owed(money: Money, case: Case) -> int:
    """Return what is still to be paid for a visit that ended; negative: too much came, or after it was written off."""
    facts = case.facts
    fee = money.fen if facts.adjusted_fen is None else facts.adjusted_fen
    if fee is None:
        return 0
    if facts.written_off_at:
        fee = min(fee, case.paid_by(facts.written_off_at))
    return fee - money.paid_fen


def state_of(case: Case, money: Money, kind: LotKind, now: datetime) -> str:
    """Walk the table of states of a kind of lot with what has happened."""
    if kind == "roadside":
        return roadside_states.state_after(_in_street(case, money))
    return garage_states.state_after(_in_garage(case, money, now))


def _in_street(case: Case, money: Money) -> Iterable[roadside_states.Event]:
    visit = case.visit
    if not bay_in(visit.credential):
        yield "confirm"
        if visit.entered_at:
            yield "start"
    if visit.left_at:
        yield "leave"
        if money.fen:
            yield "bill" if money.paid_fen < money.fen else "pay"
    elif visit.orphaned_at or case.given_up_at:
        yield "lose"
        if case.given_up_at:
            yield "close"
    yield from _after_leaving(case, money)


def _in_garage(case: Case, money: Money, now: datetime) -> Iterable[garage_states.Event]:
    visit, end = case.visit, case.visit.left_at
    before = [p for p in case.payments if p.kind == "prepay" and p.paid_at and (end is None or p.paid_at <= end)]
    yield "enter"
    if before:
        yield "pay"
        if end is None and max(p.covers_until for p in before) < now:
            yield "end_grace"
    if case.facts.quoted_until and case.facts.quoted_until >= now and covered_from(before, now) is None:
        yield "quote"
    if end:
        yield "ask"
        yield "release" if (money.fen or 0) > sum(p.fen for p in before) + visit.paid_here_fen else "leave"
    elif visit.orphaned_at or case.given_up_at:
        yield "lose"
        if case.given_up_at:
            yield "close"
    elif visit.asked_at:
        yield "ask"
        yield "pay" if any(p.paid_at and p.paid_at > visit.asked_at for p in before) else "demand"
    yield from _after_leaving(case, money)


def _after_leaving(case: Case, money: Money) -> Iterable[_Afterwards]:
    facts = case.facts
    if money.fee is not None:
        if facts.reminders:
            yield "remind"
        if facts.written_off_at:
            yield "write_off"
        elif money.paid_fen and money.paid_fen >= money.fee.total_fen:
            yield "debit" if any(p.kind == "debit" and p.paid_at for p in case.payments) else "pay"
    if facts.dispute:
        yield "dispute"
    if facts.dispute == "decided":
        yield "adjust"
        if money.paid_fen and owed(money, case) <= 0:
            yield "pay"


def looked_at(case: Case, money: Money) -> datetime | None:
    """Return when the next step of time is due."""
    visit, facts = case.visit, case.facts
    if (since := case.ended_at) is None:
        return visit.opened_at + ORPHAN_AFTER
    if facts.dispute == "open" or owed(money, case) <= 0 or facts.reminders >= len(REMINDERS):
        return None
    return since + REMINDERS[facts.reminders]


def off_by_coupons(case: Case, fee: Fee | None) -> int:
    """Return what coupons have taken off the fee of a visit that ended; while it goes on, what they may at most."""
    if fee is None:
        return sum(each.amount_fen for each in case.counted)
    return -sum(line.amount_fen for line in fee.lines if line.kind == "coupon")


def row_values(case: Case, terms: Terms, money: Money, now: datetime) -> dict[str, Any]:
    """Return what follows for the session's row."""
    visit = case.visit
    version = terms.version(visit.entered_at or visit.opened_at)
    return {
        "state": state_of(case, money, terms.lot.kind, now),
        "opened_at": visit.opened_at,
        "entered_at": visit.entered_at,
        "left_at": visit.left_at,
        "joined_event": visit.joined_event,
        "bay_id": visit.bay_id,
        "released": visit.released if visit.left_at else "",
        "match": visit.match,
        "review": visit.review,
        "tariff_id": version.id if version else None,
        "vehicle_class": visit.vehicle_class,
        "charging_from": visit.charging[0] if visit.charging else None,
        "charging_until": visit.charging[1] if visit.charging else None,
        "free_used": bool(money.fee and money.fee.free and visit.entered_at),
        "closing_fen": money.fen,
        "paid_fen": money.paid_fen,
        "coupons_fen": off_by_coupons(case, money.fee),
        "lines": msgspec.json.encode(money.fee.lines if money.fee else []).decode(),
        "looked_at": looked_at(case, money),
        "superseded_by": None,
    }
