"""Who is not called at once any more: missed and back, or gone."""

from uuid import UUID

from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.errors import WrongStateError
from flows.appointments.hall.line import put_in_line, ticket_of
from flows.appointments.hall.queue import REQUEUED_BEHIND
from flows.appointments.hall.tables import HallTicket
from flows.appointments.history import happen
from flows.appointments.states import WAITING


async def requeue(deps: Deps, booking_id: UUID, actor: str) -> HallTicket:
    """Put whoever has missed their calls into the line again, once. Raises UnknownBookingError, WrongStateError."""
    _, ticket, row = await ticket_of(deps, booking_id)
    if row.state not in WAITING:
        await put_back(deps, ticket, row, actor)
    return ticket


async def put_back(deps: Deps, ticket: HallTicket, row: Booking, actor: str) -> None:
    """Put a missed ticket behind the next three of its service. Raises WrongStateError."""
    if row.state == "missed" and ticket.requeues:
        raise WrongStateError(
            f"{ticket.number} has missed its calls twice", fix="Take a new ticket, or make another appointment."
        )
    await put_in_line(deps, ticket, behind=REQUEUED_BEHIND)
    await happen(deps.session, deps.clock, row, "requeue", actor)
    ticket.requeues, ticket.calls = ticket.requeues + 1, 0


async def leave(deps: Deps, booking_id: UUID, actor: str) -> HallTicket:
    """Have somebody leave the line; again it is the same. Raises UnknownBookingError, WrongStateError."""
    _, ticket, row = await ticket_of(deps, booking_id)
    if row.state != "left":
        await happen(deps.session, deps.clock, row, "leave", actor)
        ticket.ended_at = deps.clock.now()
        deps.session.add(ticket)
    return ticket
