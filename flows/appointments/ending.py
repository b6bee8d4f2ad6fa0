"""Bookings that are given up, and what becomes of their places.

Those come back after a random while, so that nobody can pass an appointment on by cancelling it at an agreed moment.
"""

import secrets
from datetime import timedelta

from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.errors import TooLateError
from flows.appointments.finding import asked_of
from flows.appointments.history import happen
from flows.appointments.messages import GIVE_BACK, BookingNamed
from flows.appointments.notices import notify_everybody
from flows.appointments.tables import AppointmentService
from flows.appointments.taking import ROLL_OVER, give_back
from flows.appointments.turnstile import Wanted
from flows.appointments.watching import changed
from kernel.database import driver
from kernel.outbox import send

REST = (timedelta(minutes=5), timedelta(minutes=30))
"""So long places rest before somebody else may have them; less if they would be over by then."""


async def cancel(deps: Deps, row: Booking, actor: str, **details: str) -> None:
    """Cancel a booking for its person, who may until the service's cut-off; staff with a ``reason`` until it begins.

    Raises TooLateError, WrongStateError.
    """
    await _check_in_time(deps, row, with_reason="reason" in details)
    await happen(deps.session, deps.clock, row, "cancel", actor, **details)
    row.sequence += 1
    await notify_everybody(deps, row, "cancelled", actor)
    await let_rest(deps, row)


async def end_for_another(deps: Deps, row: Booking, actor: str, **details: str) -> None:
    """Give a booking up, as ``cancel``, for another of the same transaction. Raises TooLateError, WrongStateError."""
    await _check_in_time(deps, row, with_reason="reason" in details)
    await happen(deps.session, deps.clock, row, "reschedule", actor, **details)
    await let_rest(deps, row)


async def let_rest(deps: Deps, row: Booking) -> None:
    """Have a booking's places come back after a while."""
    shortest, longest = (each // timedelta(milliseconds=1) for each in REST)
    rest = timedelta(milliseconds=shortest + secrets.randbelow(longest - shortest + 1))
    use = row.starts_at - deps.clock.now() - REST[1]
    delay = max(min(rest, use), timedelta(0))  # by a message in any case: a move would lock slots in two turns
    send(deps.session, deps.clock, GIVE_BACK, BookingNamed(row.id), delay=delay)


async def come_back(deps: Deps, row: Booking) -> bool:
    """Give a booking's places back, once; the caller has locked it. Whether they have come back now."""
    if row.returned_at is not None or row.resource_id is None:
        return False
    row.returned_at = deps.clock.now()
    deps.session.add(row)
    left = await give_back(await driver(deps.session), row.slot_ids, row.channel)
    day = (await asked_of(deps.session, row)).day_of(row.starts_at)
    shared = row.starts_at <= deps.clock.now() + ROLL_OVER
    changed(deps.session, Wanted(row.resource_id, day, tuple(row.slot_ids), row.channel, shared), left)
    return True


async def _check_in_time(deps: Deps, row: Booking, *, with_reason: bool) -> None:
    if row.state != "confirmed":
        return
    service = await deps.session.get_one(AppointmentService, row.service)
    if with_reason and deps.clock.now() > row.starts_at:
        raise TooLateError("Its time has begun", fix="Serve its person, or say that nobody came.")
    if not with_reason and deps.clock.now() > row.starts_at - timedelta(minutes=service.cancel_minutes):
        raise TooLateError(
            f"It can be cancelled or moved until {service.cancel_minutes} minutes before",
            fix="Call the office, or come.",
        )
