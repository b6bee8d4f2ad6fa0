"""Counters call who waits, serve them and send them on. What is pressed twice happens once: the answer is the same.

A counter has one ticket at a time, from its call until it is missed, served or sent on.
"""

from datetime import timedelta
from uuid import UUID

from msgspec import Struct

from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.errors import WrongStateError
from flows.appointments.finding import booking_of
from flows.appointments.hall.counters import counter_of
from flows.appointments.hall.errors import CalledJustNowError, CounterStateError
from flows.appointments.hall.line import Line, first_waiting, line_of, locked, put_in_line, service_at, ticket_of
from flows.appointments.hall.tables import HallTicket
from flows.appointments.history import happen
from flows.appointments.notices import notify
from flows.appointments.states import State
from flows.appointments.tables import HallCounter

MOST_CALLS = 3
BETWEEN_CALLS = timedelta(seconds=60)
"""People walk, and some walk slowly."""


class _At(Struct, frozen=True):
    """A counter, and the ticket that it has called last today, unless another one has called it since."""

    line: Line
    desk: HallCounter
    ticket: HallTicket
    row: Booking


async def call_next(deps: Deps, office: str, counter: str, actor: str) -> HallTicket | None:
    """Call the first in line of what a counter serves, None if nobody waits. Raises CounterStateError."""
    line = await locked(deps, office)
    desk, held = await _open(deps, line, counter)
    if held is not None:
        return held
    ticket = await first_waiting(deps.session, line, desk.services)
    if ticket is None:
        return None
    row = await booking_of(deps.session, ticket.booking_id, lock=True)
    return await _call(deps, _At(line, desk, ticket, row), actor)


async def call(deps: Deps, booking_id: UUID, counter: str, actor: str) -> HallTicket:
    """Call somebody who waits out of their turn, on their ticket's day.

    Raises UnknownBookingError, CounterStateError, WrongStateError.
    """
    line, ticket, row = await ticket_of(deps, booking_id)
    if ticket.day != line.day:
        raise WrongStateError(
            f"{ticket.number} is a ticket of {ticket.day}, and here it is {line.day}",
            fix="Call it on its own day; once that is over, take a new one.",
        )
    desk, held = await _open(deps, line, counter)
    if held is not None and held.booking_id == booking_id:
        return held
    if held is not None:
        raise _busy(desk, held)
    if row.state == "called":
        raise WrongStateError(f"{ticket.number} is called to {ticket.counter} already", fix="Call another one.")
    return await _call(deps, _At(line, desk, ticket, row), actor)


async def recall(deps: Deps, office: str, counter: str, actor: str) -> HallTicket:
    """Call the one again who was called, up to three times in all. Raises CalledJustNowError, CounterStateError."""
    at = await _at(deps, office, counter, "called")
    number, calls = at.ticket.number, at.ticket.calls
    if calls >= MOST_CALLS:
        raise CounterStateError(f"{number} was called {calls} times", fix="Skip it, and call the next.")
    again = (at.ticket.called_at or deps.clock.now()) + BETWEEN_CALLS
    if deps.clock.now() < again:
        raise CalledJustNowError(f"{number} was called just now", again, fix="Wait until then, or skip it.")
    return await _call(deps, at, actor)


async def skip(deps: Deps, office: str, counter: str, actor: str) -> HallTicket:
    """Have the one who was called be missed at once. Raises CounterStateError."""
    at = await _at(deps, office, counter, "called", "missed")
    if at.row.state == "called":
        await happen(deps.session, deps.clock, at.row, "miss", actor)
    return at.ticket


async def serve(deps: Deps, office: str, counter: str, actor: str) -> HallTicket:
    """Begin with the one who was called, and has come. Raises CounterStateError."""
    at = await _at(deps, office, counter, "called", "serving")
    if at.row.state == "called":
        await happen(deps.session, deps.clock, at.row, "serve", actor, counter=counter)
        at.ticket.served_at = deps.clock.now()
    return at.ticket


async def finish(deps: Deps, office: str, counter: str, actor: str) -> HallTicket:
    """Be done with the one who is served. Raises CounterStateError."""
    at = await _at(deps, office, counter, "serving", "done")
    if at.row.state == "serving":
        await happen(deps.session, deps.clock, at.row, "finish", actor)
        at.ticket.ended_at = deps.clock.now()
    return at.ticket


async def transfer(deps: Deps, office: str, counter: str, service: str, actor: str) -> HallTicket:
    """Send the one who is at a counter on to another service's line, where they count as having come when they came.

    Raises CounterStateError, NoTicketsError, UnknownServiceError, WrongStateError.
    """
    at = await _at(deps, office, counter, "called", "serving", "requeued")
    ticket, row = at.ticket, at.row
    if ticket.service == service and row.state == "requeued":
        return ticket
    if ticket.service == service or row.state == "requeued":
        raise WrongStateError(f"{ticket.number} is there for {ticket.service}", fix="Call it, or choose another one.")
    await line_of(deps.session, deps.clock, office)  # nobody waits anew where it is closed
    was, ticket.service = ticket.service, (await service_at(deps.session, at.line, service)).code
    await put_in_line(deps, ticket)
    await happen(deps.session, deps.clock, row, "transfer", actor, was=was, service=service)
    ticket.calls, ticket.served_at = 0, None
    return ticket


async def _call(deps: Deps, at: _At, actor: str) -> HallTicket:
    await happen(deps.session, deps.clock, at.row, "call", actor, counter=at.desk.code)
    now, ticket = deps.clock.now(), at.ticket
    if ticket.waited_s is None:
        ticket.waited_s = (now - ticket.arrived_at) // timedelta(seconds=1)
    ticket.counter, ticket.calls, ticket.called_at = at.desk.code, ticket.calls + 1, now
    at.desk.ticket_id = ticket.booking_id
    deps.session.add_all([ticket, at.desk])
    await notify(deps, at.row, "called", now.isoformat(), number=ticket.number, counter=at.desk.code)
    return ticket


async def _open(deps: Deps, line: Line, code: str) -> tuple[HallCounter, HallTicket | None]:
    """Return an open counter, and whom it has called. Raises CounterStateError; also while it serves somebody."""
    desk = await counter_of(deps, line.office.code, code)
    if desk.opened_at is None:
        raise CounterStateError(f"Counter {desk.code} is closed", fix="Open it first.")
    last = await _last(deps, line, desk)
    if last is not None and last.row.state == "serving":
        raise _busy(desk, last.ticket)
    return desk, last.ticket if last is not None and last.row.state == "called" else None


async def _last(deps: Deps, line: Line, desk: HallCounter) -> _At | None:
    if desk.ticket_id is None:
        return None
    ticket = await deps.session.get_one(HallTicket, desk.ticket_id, populate_existing=True)
    if (ticket.counter, ticket.day) != (desk.code, line.day):
        return None
    return _At(line, desk, ticket, await booking_of(deps.session, ticket.booking_id, lock=True))


async def _at(deps: Deps, office: str, counter: str, *states: State) -> _At:
    """Return who is at a counter and stands like that, even if the file has closed it. Raises CounterStateError."""
    line = await locked(deps, office, even_closed=True)
    last = await _last(deps, line, await counter_of(deps, office, counter, even_closed=True))
    if last is None or last.row.state not in states:
        raise CounterStateError(
            f"Nobody at counter {counter} is {states[0]}", fix="Look at the counter, and call somebody."
        )
    return last


def _busy(desk: HallCounter, held: HallTicket) -> CounterStateError:
    return CounterStateError(f"{held.number} is at counter {desk.code}", fix="Finish, skip or transfer that one first.")
