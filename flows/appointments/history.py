"""What happens to a booking: its state by the table, its history, and who must hear of it, in one place."""

from datetime import datetime
from typing import Any, Literal

from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking, BookingEvent
from flows.appointments.messages import GIVE_UP_ELSEWHERE, BookingElsewhere
from flows.appointments.states import ACTIVE, GIVEN_UP, Event, after
from kernel.clock import Clock
from kernel.database import driver
from kernel.outbox import send

Noted = Literal["answer", "note", "excuse"]

_INACTIVE = "UPDATE booking_person SET active = false WHERE booking_id = $1 AND active"


async def happen(session: AsyncSession, clock: Clock, row: Booking, event: Event, actor: str, **details: Any) -> None:
    """Have something happen to a booking that the caller has locked. Raises WrongStateError.

    Of ``details`` the ``door`` says by which app or counter it was done, or by the hotline (``doors``).
    Whose booking is no longer active may book again from this transaction's end on.
    """
    row.state = after(row.state, event)
    row.updated_at = clock.now()
    session.add_all([row, _event(row, event, actor, row.updated_at, details)])
    if row.state not in ACTIVE:
        connection = await driver(session)
        await connection.execute(_INACTIVE, row.id)
    if row.system and row.state in GIVEN_UP:
        send(session, clock, GIVE_UP_ELSEWHERE, BookingElsewhere(row.id, row.system))


def begun(session: AsyncSession, row: Booking, actor: str, event: Event = "confirm", **details: Any) -> None:
    """Note how a booking has begun."""
    session.add(_event(row, event, actor, row.created_at, details))


def noted(session: AsyncSession, clock: Clock, row: Booking, event: Noted, actor: str, **details: Any) -> None:
    """Note what happened to a booking and leaves its state as it is."""
    session.add(_event(row, event, actor, clock.now(), details))


def _event(row: Booking, event: Event | Noted, actor: str, at: datetime, details: dict[str, Any]) -> BookingEvent:
    return BookingEvent(booking_id=row.id, event=event, state=row.state, actor=actor, at=at, details=details)
