"""A hall while somebody changes it: one after the other, so that no two counters ever have the same ticket.

The lock is the row of the hall's revision, taken before any booking's: whoever calls what is here locks no booking
before.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.errors import UnknownServiceError, WrongStateError
from flows.appointments.finding import booking_of, services_of
from flows.appointments.hall.errors import NoTicketsError
from flows.appointments.hall.queue import InLine, place
from flows.appointments.hall.tables import HallTicket
from flows.appointments.hall.watching import changes
from flows.appointments.states import WAITING
from flows.appointments.tables import AppointmentOffice, AppointmentService, HallCounter
from kernel.clock import Clock
from kernel.database import driver

_LOCK = """
    INSERT INTO hall_revision (office, revision) VALUES ($1, 1)
    ON CONFLICT (office) DO UPDATE SET revision = hall_revision.revision + 1
"""
_WAITING = """
    SELECT t.standing, t.service FROM hall_ticket t JOIN booking b ON b.id = t.booking_id
    WHERE t.office = $1 AND t.day = $2 AND t.ended_at IS NULL AND b.state = ANY ($3::text[]) ORDER BY t.standing
"""


class Line(Struct, frozen=True):
    """An office's hall on its day."""

    office: AppointmentOffice
    day: date


async def line_of(session: AsyncSession, clock: Clock, office: str, *, even_closed: bool = False) -> Line:
    """Return an office's hall today, ``even_closed``: though it is out of use. Raises UnknownServiceError."""
    row = await session.get(AppointmentOffice, office)
    if row is None or (row.closed_at is not None and not even_closed):
        said = f"There is no office {office!r}" if row is None else f"The office {office!r} is closed"
        raise UnknownServiceError(said, fix="`appointmentOffices` lists those that are open.")
    return Line(row, clock.now().astimezone(ZoneInfo(row.time_zone)).date())


async def locked(deps: Deps, office: str, *, even_closed: bool = False) -> Line:
    """Have an office's hall to oneself until the transaction ends; whoever watches it hears of it then.

    Raises UnknownServiceError.
    """
    line = await line_of(deps.session, deps.clock, office, even_closed=even_closed)
    await (await driver(deps.session)).execute(_LOCK, line.office.code)
    changes(deps.session)
    return line


async def ticket_of(deps: Deps, booking_id: UUID) -> tuple[Line, HallTicket, Booking]:
    """Have the hall of a ticket to oneself, and return it as it stands. Raises UnknownBookingError, WrongStateError.

    Whoever still is in the hall of an office that was closed leaves it as any other.
    """
    line = await locked(deps, (await booking_of(deps.session, booking_id)).office, even_closed=True)
    row = await booking_of(deps.session, booking_id, lock=True)
    ticket = await deps.session.get(HallTicket, booking_id, populate_existing=True)
    if ticket is None:
        raise WrongStateError("Nobody has come to this appointment yet", fix="Check in first.")
    return line, ticket, row


async def present(session: AsyncSession, line: Line) -> Sequence[tuple[HallTicket, Booking]]:
    """Return everybody in the hall, in the order of the line."""
    of = select(HallTicket, Booking).join(Booking, col(Booking.id) == col(HallTicket.booking_id))
    chosen = of.where(
        HallTicket.office == line.office.code, HallTicket.day == line.day, col(HallTicket.ended_at).is_(None)
    )
    found = await session.exec(chosen.order_by(col(HallTicket.standing)).execution_options(populate_existing=True))
    return [(ticket, row) for ticket, row in found.all()]


async def waiting(session: AsyncSession, ticket: HallTicket) -> list[InLine]:
    """Return who waits on a ticket's day, in order: past the ORM, for whoever waits asks how many are ahead."""
    await session.flush()
    rows = await (await driver(session)).fetch(_WAITING, ticket.office, ticket.day, sorted(WAITING))
    return [InLine(row["standing"], row["service"]) for row in rows]


async def first_waiting(session: AsyncSession, line: Line, services: Sequence[str]) -> HallTicket | None:
    """Return who is the next of some services, or of all if none is given."""
    of = select(HallTicket).join(Booking, col(Booking.id) == col(HallTicket.booking_id))
    chosen = of.where(
        HallTicket.office == line.office.code,
        HallTicket.day == line.day,
        col(HallTicket.ended_at).is_(None),
        col(Booking.state).in_(sorted(WAITING)),
        *([col(HallTicket.service).in_(services)] if services else []),
    )
    first = chosen.order_by(col(HallTicket.standing)).limit(1).execution_options(populate_existing=True)
    return (await session.exec(first)).first()


async def put_in_line(deps: Deps, ticket: HallTicket, *, behind: int = 0) -> None:
    """Give a ticket that does not wait yet its place in the line of its day (``queue.place``)."""
    others = await waiting(deps.session, ticket)
    ticket.standing = place(others, ticket.service, ticket.standing, behind=behind)
    deps.session.add(ticket)


async def counters_for(
    session: AsyncSession, office: str, service: str = "", *, still_open: bool = False
) -> Sequence[HallCounter]:
    """Return an office's counters by their codes, 2 before 10, or those that serve a service.

    ``still_open``: those out of use, too, at which somebody may be.
    """
    in_use = col(HallCounter.closed_at).is_(None)
    shown = or_(in_use, col(HallCounter.opened_at).is_not(None)) if still_open else in_use
    found = (await session.exec(select(HallCounter).where(HallCounter.office == office, shown))).all()
    ordered = sorted(found, key=lambda each: (len(each.code), each.code))
    return [each for each in ordered if not service or not each.services or service in each.services]


async def services_at(session: AsyncSession, office: str) -> Sequence[AppointmentService]:
    """Return what people wait for in an office's hall, by code: what is booked there, and what its counters name."""
    codes = {each.code for each in await services_of(session, office)}
    codes |= {service for each in await counters_for(session, office) for service in each.services}
    chosen = select(AppointmentService).where(col(AppointmentService.code).in_(codes))
    return (await session.exec(chosen.order_by(AppointmentService.code))).all()


async def service_at(session: AsyncSession, line: Line, code: str) -> AppointmentService:
    """Return a service that a counter of the office is for. Raises NoTicketsError."""
    for each in await services_at(session, line.office.code):
        if each.code == code and each.closed_at is None and await counters_for(session, line.office.code, code):
            return each
    raise NoTicketsError(
        f"{line.office.name_zh} has no counter for {code}", fix="Choose a service that its counters are for."
    )
