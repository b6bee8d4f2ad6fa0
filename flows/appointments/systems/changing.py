"""What a system's people have done with an appointment of the platform: theirs is what holds, told once or often."""

from datetime import timedelta

from flows.appointments import persons
from flows.appointments.booking_tables import Booking
from flows.appointments.cancelling import office_cancel
from flows.appointments.deps import Deps
from flows.appointments.ending import come_back
from flows.appointments.finding import booking_of
from flows.appointments.history import happen
from flows.appointments.no_shows import excuse
from flows.appointments.notice_tables import Kind
from flows.appointments.notices import notify_everybody
from flows.appointments.reminding import remind_at
from flows.appointments.states import Event
from flows.appointments.systems.mirroring import Resources
from flows.appointments.systems.wire import AppointmentChange, Place
from flows.appointments.tables import CHANNELS, AppointmentResource, AppointmentService
from flows.appointments.waitlist.offering import in_turn, offer_returned
from kernel.control_characters import CONTROL
from kernel.database import driver

_EVENTS: dict[str, Event] = {"arrived": "finish", "no_show": "fail"}
# As they say it, whether or not it fits here.
_TAKE = """
    UPDATE appointment_slot s SET taken = s.taken + 1, used[$4] = s.used[$4] + 1,
        capacity = greatest(s.capacity, s.taken + 1)
    WHERE resource_id = $1 AND starts_at >= $2 AND starts_at < $3 RETURNING s.id, s.status = 'open' AS served
"""
# Those of before and after together, in the order in which everybody locks slots.
_LOCK = """
    SELECT 1 FROM appointment_slot
    WHERE id = ANY ($1::bigint[]) OR (resource_id = $2 AND starts_at >= $3 AND starts_at < $4)
    ORDER BY resource_id, starts_at FOR UPDATE
"""


async def change(deps: Deps, system: str, resources: Resources, told: AppointmentChange) -> str:
    """Have an appointment be as a system says; returns what is wrong, empty if nothing is.

    Raises UnknownBookingError, LookupError.
    """
    await in_turn(deps.session)
    row = await booking_of(deps.session, told.id, lock=True)
    if row.system != system:
        return f"{told.id} is no appointment of this system"
    actor, reason = f"system:{system}", CONTROL.sub(" ", told.reason)
    if told.to is not None:
        target = resources.get(told.to.office, told.to.resource)
        if target is None:
            return (
                f"{told.id} was moved to {told.to.office}/{told.to.resource}, which the file of offices does not have"
            )
        return await _move(deps, row, target, told.to)
    if told.state == "cancelled":
        if row.state in ("confirmed", "conflict"):
            await office_cancel(deps, row, actor, reason)
            if await come_back(deps, row):  # how many places there are left is theirs to say
                await offer_returned(deps, row)
        return ""
    if row.state == "conflict" and told.state == "arrived":  # they served it all the same
        await happen(deps.session, deps.clock, row, "keep", actor)
    if row.state == "confirmed" or (row.state == "done" and told.state == "no_show"):
        await happen(deps.session, deps.clock, row, _EVENTS[told.state], actor, reason=reason)
    elif row.state == "no_show" and told.state == "arrived":
        excuse(deps.session, deps.clock, row, actor, reason=reason or "arrived")
    return ""


async def _move(deps: Deps, row: Booking, target: AppointmentResource, to: Place) -> str:
    if row.state not in ("confirmed", "conflict") or (row.resource_id, row.starts_at) == (target.id, to.starts):
        return ""
    if to.starts <= deps.clock.now():
        return f"{row.id} was moved to {to.starts}, which is over"
    ends = to.starts + (row.ends_at - row.starts_at)
    connection = await driver(deps.session)
    channel = CHANNELS.index(row.channel) + 1
    await persons.lock_those_of(connection, row.id)  # before slots, as everybody does
    await connection.execute(_LOCK, row.slot_ids, target.id, to.starts, ends)
    taken = await connection.fetch(_TAKE, target.id, to.starts, ends, channel)
    if not taken or len(taken) * timedelta(minutes=target.slot_minutes) < ends - to.starts:
        raise LookupError(f"{row.id} was moved to a time that `slots` have not")  # rolls back what was taken
    if await come_back(deps, row):
        await offer_returned(deps, row)
    row.returned_at, row.office, row.resource_id = None, target.office, target.id
    row.slot_ids = sorted(each["id"] for each in taken)
    row.starts_at, row.ends_at = to.starts, ends
    service = await deps.session.get_one(AppointmentService, row.service)
    row.remind_at = remind_at(service, row.starts_at, row.created_at)
    row.sequence += 1
    are_there = await persons.follow(connection, row.id, row.starts_at, row.ends_at)
    event: Event = "move" if are_there and all(each["served"] for each in taken) else "collide"
    await happen(deps.session, deps.clock, row, event, f"system:{row.system}", starts_at=to.starts.isoformat())
    kind: Kind = "moved" if event == "move" else "conflict"
    await notify_everybody(deps, row, kind, f"system:{row.system}", occasion=str(row.sequence), code=row.code)
    return ""
