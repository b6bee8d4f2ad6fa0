"""What time does in a hall: calls are missed, who is missed or never came is a no-show, and a day ends."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.finding import booking_of
from flows.appointments.hall.calling import BETWEEN_CALLS, MOST_CALLS
from flows.appointments.hall.counters import close_counter
from flows.appointments.hall.errors import CounterStateError
from flows.appointments.hall.line import ticket_of
from flows.appointments.hall.tables import HallTicket
from flows.appointments.history import happen
from flows.appointments.states import PRESENT, Event, State
from kernel.clock import Clock
from kernel.database import Database

BACK_WITHIN = timedelta(minutes=30)
"""So long after they were missed somebody may come back."""
NOT_COMING = timedelta(minutes=15)
"""So long after the start nobody comes any more, five minutes after they could last check in."""
_ACTOR = "system:halls"
_AT_ONCE = 1000
_AT_DAYS_END: dict[State, Event] = {"serving": "finish", "missed": "fail"}  # who waits, or was called, leaves

# In no order, so that what fails every time is in nobody's way.
_DUE = """
    SELECT booking_id FROM (
        SELECT t.booking_id FROM hall_ticket t
            JOIN booking b ON b.id = t.booking_id JOIN appointment_office o ON o.code = t.office
        WHERE t.ended_at IS NULL AND (t.day < ($1::timestamptz AT TIME ZONE o.time_zone)::date
            OR b.state = 'called' AND t.calls >= $2 AND t.called_at <= $3 OR b.state = 'missed' AND b.updated_at <= $4)
        UNION ALL
        SELECT b.id FROM booking b
        WHERE b.state = 'confirmed' AND b.starts_at <= $5 AND b.starts_at > $5 - interval '12 hours'
            AND b.system IS NULL AND EXISTS (
                SELECT FROM hall_counter c WHERE c.office = b.office AND c.closed_at IS NULL
                    AND c.opened_at <= b.starts_at AND (c.services = '{}' OR b.service = ANY (c.services)))
    ) due ORDER BY random() LIMIT $6
"""
_LEFT_OPEN = """
    SELECT c.office, c.code FROM hall_counter c JOIN appointment_office o ON o.code = c.office
    WHERE c.opened_at IS NOT NULL AND (c.closed_at IS NOT NULL OR o.closed_at IS NOT NULL
        OR (c.opened_at AT TIME ZONE o.time_zone)::date < ($1::timestamptz AT TIME ZONE o.time_zone)::date)
    ORDER BY c.office, c.code
"""


async def due(database: Database, clock: Clock) -> Sequence[UUID]:
    """Return the bookings that something is due for.

    Nobody is missing unless a counter for them is open since before they were to come, nor where a department's own
    system says who has come.
    """
    now = clock.now()
    moments = now - BETWEEN_CALLS, now - BACK_WITHIN, now - NOT_COMING
    rows = await database.pool.fetch(_DUE, now, MOST_CALLS, *moments, _AT_ONCE)
    return [UUID(int=row["booking_id"].int) for row in rows]


async def move_on(session: AsyncSession, clock: Clock, booking_id: UUID) -> None:
    """Do what is due for a booking, unless something has happened to it meanwhile."""
    deps = Deps(session, clock)
    if await session.get(HallTicket, booking_id) is not None:
        await _move_on(deps, booking_id)
        return
    row = await booking_of(session, booking_id, lock=True)
    if row.state == "confirmed" and row.starts_at <= clock.now() - NOT_COMING:
        await happen(session, clock, row, "fail", _ACTOR)


async def never_came(deps: Deps, booking_id: UUID, actor: str) -> None:
    """Say that nobody came, or came back when called; no booking is locked before. Raises WrongStateError."""
    if await deps.session.get(HallTicket, booking_id) is None:
        await happen(deps.session, deps.clock, await booking_of(deps.session, booking_id, lock=True), "fail", actor)
        return
    _, ticket, row = await ticket_of(deps, booking_id)
    await happen(deps.session, deps.clock, row, "fail", actor)
    ticket.ended_at = ticket.ended_at or deps.clock.now()
    deps.session.add(ticket)


async def _move_on(deps: Deps, booking_id: UUID) -> None:
    line, ticket, row = await ticket_of(deps, booking_id)
    if ticket.ended_at is not None:
        return
    if row.state not in PRESENT:
        ticket.ended_at = row.updated_at
        deps.session.add(ticket)
        return
    event = _AT_DAYS_END.get(row.state, "leave") if ticket.day < line.day else _event(ticket, row, deps.clock)
    if event is None:
        return
    await happen(deps.session, deps.clock, row, event, _ACTOR)
    if event == "finish":
        ticket.served_at = None  # nobody knows how long it took
    if event != "miss":
        ticket.ended_at = deps.clock.now()
    deps.session.add(ticket)


def _event(ticket: HallTicket, row: Booking, clock: Clock) -> Event | None:
    now = clock.now()
    if row.state == "called" and ticket.calls >= MOST_CALLS and ticket.called_at:
        return "miss" if ticket.called_at <= now - BETWEEN_CALLS else None
    return "fail" if row.state == "missed" and row.updated_at <= now - BACK_WITHIN else None


async def left_open(database: Database, clock: Clock) -> Sequence[tuple[str, str]]:
    """Return office and code of open counters that were opened on an earlier day, or that the file has closed."""
    return [(row["office"], row["code"]) for row in await database.pool.fetch(_LEFT_OPEN, clock.now())]


async def close_forgotten(session: AsyncSession, clock: Clock, office: str, counter: str) -> None:
    """Close a counter that was left open; while somebody is at it, it is left so until the next time."""
    with suppress(CounterStateError):
        await close_counter(Deps(session, clock), office, counter)
