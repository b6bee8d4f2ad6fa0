"""What a session costs now: a quote (APDS) that holds for some minutes, with the next moment at which the fee rises."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import Struct

from flows.parking.cases import Case
from flows.parking.errors import NoTariffError
from flows.parking.fees import Fee
from flows.parking.finding import session_of
from flows.parking.gathering import Deps, Touched, seen_session, touched_session
from flows.parking.projecting import covered_from, fee_until, money_of, orphan_end, owed
from flows.parking.session_tables import ParkingQuote, ParkingSession

HOLDS = timedelta(minutes=5)


class Standing(Struct, frozen=True):
    """A session as it stands at a moment. ``due_fen``: what is still to be paid for it to leave, or to owe nothing."""

    row: ParkingSession
    touched: Touched
    case: Case
    fee: Fee
    paid_fen: int
    due_fen: int


async def standing(deps: Deps, session_id: UUID) -> Standing:
    """Return how a session stands now, with its locks held. Raises UnknownSessionError, NoTariffError."""
    row = await session_of(deps.session, session_id)
    return await _standing(deps, row, await touched_session(deps, row))


async def seen(deps: Deps, session_id: UUID) -> Standing:
    """Return how a session stands now, only to be looked at. Raises UnknownSessionError, NoTariffError."""
    row = await session_of(deps.session, session_id)
    return await _standing(deps, row, await seen_session(deps, row))


async def _standing(deps: Deps, row: ParkingSession, touched: Touched) -> Standing:
    case, now = await touched.case(row.id), deps.clock.now()
    money = money_of(case, touched.terms)
    end = orphan_end(case.visit, now) if case.visit.orphaned_at else now  # whoever came after pays for themselves
    fee = money.fee or fee_until(case, touched.terms, end)
    if fee is None:
        raise NoTariffError("What this session costs has to be found out by a person", fix="Ask the lot's operator.")
    due = owed(money, case) if money.fee else fee.total_fen - money.paid_fen
    return Standing(row, touched, case, fee, money.paid_fen, max(due, 0))


async def quote(deps: Deps, session_id: UUID, account_id: UUID | None = None) -> ParkingQuote:
    """Quote a session. Raises UnknownSessionError, NoTariffError."""
    now, found = deps.clock.now(), await standing(deps, session_id)
    visit = found.case.visit
    version = found.touched.terms.version(visit.entered_at or visit.opened_at)
    if version is None:
        raise NoTariffError("The lot has no tariff", fix="Ask the lot's operator.")
    made = ParkingQuote(
        session_id=found.row.id,
        account_id=account_id,
        as_of=now,
        expires_at=now + HOLDS,
        next_raise_at=next_raise(found, now),
        fee_fen=found.fee.total_fen,
        paid_fen=found.paid_fen,
        due_fen=found.due_fen,
        tariff_id=version.id,
        lines=msgspec.to_builtins(found.fee.lines),
    )
    deps.session.add(made)
    if visit.inside and found.due_fen:
        found.row.quoted_until = made.expires_at
        await rewritten(deps, found.row)
    return made


def next_raise(found: Standing, now: datetime) -> datetime | None:
    """Return when the fee of a session rises next; None if it has ended, is paid for now or will never cost more."""
    visit, terms = found.case.visit, found.touched.terms
    version = terms.version(visit.entered_at or visit.opened_at)
    if version is None or not visit.inside or visit.entered_at is None or covered_from(found.case.payments, now):
        return None
    return version.rules.next_raise(terms.stay(found.case), now, terms.at(visit.entered_at).holidays)


async def rewritten(deps: Deps, row: ParkingSession) -> None:
    """Write a session anew after one of the facts on its row has changed."""
    deps.session.add(row)
    await deps.session.flush()
    await (await touched_session(deps, row)).write()
    await deps.session.refresh(row)
