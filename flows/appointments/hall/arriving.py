"""Coming to a hall: with an appointment, in its window and at its office, or without one, for a ticket."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import func
from sqlmodel import col, select

from auth.accounts.merging import parts_of
from flows.appointments.booking import new_code
from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.finding import booking_of
from flows.appointments.hall.errors import ElsewhereError, TooEarlyError, TooLateError
from flows.appointments.hall.estimating import foretold
from flows.appointments.hall.line import Line, locked, present, put_in_line, service_at
from flows.appointments.hall.queue import EARLIEST, LATE_BEHIND, LATEST, arrival, counted
from flows.appointments.hall.requeueing import put_back
from flows.appointments.hall.tables import HallTicket
from flows.appointments.history import begun, happen
from flows.appointments.papers.keeping import check_answered
from flows.appointments.states import PRESENT, after
from flows.appointments.tables import AppointmentService
from kernel.ids import random_id, uuid7

How = Literal["place_code", "pass_code", "desk"]
"""The resident has scanned the hall's sticker; staff have read the resident's code; staff know them otherwise."""


class WalkIn(Struct, frozen=True, kw_only=True):
    """Who comes without an appointment: an account, or nobody that we know. ``key``: once a day, however often sent."""

    service: str
    is_priority: bool = False
    account_id: UUID | None = None
    key: str = ""


async def check_in(deps: Deps, booking: Booking, how: How, where: str, actor: str) -> HallTicket:
    """Have the person of a booking wait; ``where`` is the office that they have come to. Again it is the same ticket.

    Whoever has missed their calls is put into the line again, once. The booking is not locked by the caller.
    Raises ElsewhereError, TooEarlyError, TooLateError, WrongStateError, AnswersNeededError.
    """
    line = await locked(deps, where)
    row = await booking_of(deps.session, booking.id, lock=True)
    if row.office != where:
        raise ElsewhereError("This appointment is at another office", fix="Compare the address, and go there.")
    known = await deps.session.get(HallTicket, row.id, populate_existing=True)
    if known is not None and row.state == "missed":
        await put_back(deps, known, row, actor)
    if known is not None and row.state in PRESENT:
        return known
    after(row.state, "check_in")
    is_late = _check_window(row.starts_at, deps.clock.now())
    await check_answered(deps.session, row, "arrival")
    ticket = await _ticket(deps, _on_its_day(line, row), row, came=row.starts_at - EARLIEST)
    ticket.is_late = is_late
    await _join(deps, line, ticket, behind=LATE_BEHIND if is_late else 0)
    await happen(deps.session, deps.clock, row, "check_in", actor, how=how, number=ticket.number)
    return ticket


async def take_ticket(deps: Deps, office: str, walk_in: WalkIn, actor: str) -> HallTicket:
    """Have somebody wait who has no appointment; an account has one ticket of a service at a time, and gets it again.

    Raises UnknownServiceError, NoTicketsError.
    """
    line = await locked(deps, office)
    if (known := await _known(deps, line, walk_in)) is not None:
        return known
    service = await service_at(deps.session, line, walk_in.service)
    row = _walk_in(line, service, walk_in, deps.clock.now())
    deps.session.add(row)
    begun(deps.session, row, actor, "take")
    await deps.session.flush()
    ticket = await _ticket(deps, line, row, came=row.starts_at, is_priority=walk_in.is_priority)
    await _join(deps, line, ticket)
    return ticket


def _on_its_day(line: Line, row: Booking) -> Line:
    """Return the line of an appointment: who comes before midnight for one after it is not gone when the day ends."""
    begins = row.starts_at.astimezone(ZoneInfo(line.office.time_zone)).date()
    return Line(line.office, max(line.day, begins))


async def _join(deps: Deps, line: Line, ticket: HallTicket, *, behind: int = 0) -> None:
    await put_in_line(deps, ticket, behind=behind)
    foreseen = (await foretold(deps.session, deps.clock, line, ticket)).wait
    ticket.estimate_s = foreseen.seconds if foreseen else None


def _check_window(starts_at: datetime, now: datetime) -> bool:
    """Whether somebody is late. Raises TooEarlyError, TooLateError."""
    comes = arrival(starts_at, now)
    if comes == "early":
        minutes = EARLIEST // timedelta(minutes=1)
        raise TooEarlyError(
            f"Checking in begins {minutes} minutes before", starts_at - EARLIEST, fix="Come again at that time."
        )
    if comes == "over":
        minutes = LATEST // timedelta(minutes=1)
        raise TooLateError(
            f"The appointment began more than {minutes} minutes ago",
            starts_at + LATEST,
            fix="Take a ticket, or make another appointment.",
        )
    return comes == "late"


async def _known(deps: Deps, line: Line, walk_in: WalkIn) -> HallTicket | None:
    if walk_in.key:
        hold_id = _hold_id(line, walk_in.key)
        same = select(HallTicket).join(Booking, col(Booking.id) == col(HallTicket.booking_id))
        return (await deps.session.exec(same.where(Booking.hold_id == hold_id))).first()
    if walk_in.account_id is None:
        return None
    parts = await parts_of(deps.session, walk_in.account_id)
    for ticket, row in await present(deps.session, line):
        if row.account_id in parts and ticket.service == walk_in.service and row.state != "missed":
            return ticket
    return None


def _walk_in(line: Line, service: AppointmentService, walk_in: WalkIn, now: datetime) -> Booking:
    own = uuid7()
    return Booking(
        id=own,
        uid=own,
        code=new_code(),
        hold_id=_hold_id(line, walk_in.key or random_id()),
        account_id=walk_in.account_id,
        service=service.code,
        office=line.office.code,
        slot_ids=[],
        starts_at=now,
        ends_at=now + timedelta(minutes=service.minutes),
        people=1,
        channel="counter",
        state="ticket",
        created_at=now,
        updated_at=now,
    )


def _hold_id(line: Line, key: str) -> str:
    return f"ticket {line.office.code} {line.day} {key}"


async def _ticket(deps: Deps, line: Line, row: Booking, *, came: datetime, is_priority: bool = False) -> HallTicket:
    """Return a new ticket with the next number, not in the line yet."""
    letter = (await deps.session.get_one(AppointmentService, row.service)).letter
    given = select(func.count()).where(
        HallTicket.office == line.office.code,
        HallTicket.day == line.day,
        col(HallTicket.number).startswith(letter),
    )
    number = (await deps.session.exec(given)).one() + 1
    return HallTicket(
        booking_id=row.id,
        office=line.office.code,
        day=line.day,
        service=row.service,
        number=f"{letter}{number:03}",
        is_priority=is_priority,
        standing=counted(came, is_priority=is_priority),
        arrived_at=deps.clock.now(),
    )
