"""What an office decides on a booking: it cancels it, or keeps it although its hours have changed."""

from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.ending import come_back
from flows.appointments.errors import WrongStateError
from flows.appointments.history import happen
from flows.appointments.notices import notify, notify_everybody
from flows.appointments.persons import follow, lock_those_of
from flows.appointments.rights import grant
from kernel.database import driver

_IS_CLOSED = "SELECT bool_or(status = 'closed') FROM appointment_slot WHERE id = ANY ($1::bigint[])"


async def office_cancel(deps: Deps, row: Booking, actor: str, reason: str) -> None:
    """Cancel a booking that the caller has locked: its people are told why, and may book again before others.

    Where its time is closed its places come back, for the day that it is opened again. Else nobody gets them: the
    office serves one less. Raises WrongStateError.
    """
    await happen(deps.session, deps.clock, row, "office_cancel", actor, reason=reason)
    row.sequence += 1
    await grant(deps, row)
    await notify_everybody(deps, row, "office_cancelled", actor, reason=reason, code=row.code)
    if await (await driver(deps.session)).fetchval(_IS_CLOSED, row.slot_ids):
        await come_back(deps, row)


async def keep(deps: Deps, row: Booking, actor: str) -> None:
    """Serve a conflict as it was booked; no later change of hours makes it one again. Raises WrongStateError."""
    await happen(deps.session, deps.clock, row, "keep", actor)
    row.kept_at = row.updated_at
    connection = await driver(deps.session)
    await lock_those_of(connection, row.id)
    if not await follow(connection, row.id, row.starts_at, row.ends_at):
        raise WrongStateError(
            "Somebody who comes to it has booked something else at that time, or the same service again",
            fix="Cancel this one with a reason, or have them cancel or move the other first.",
        )
    await notify(deps, row, "kept", row.updated_at.isoformat(), code=row.code)
