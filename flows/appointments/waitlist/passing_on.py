"""Offers that are over, and who waits no more: looked after each minute, and places go to the next, or to everybody.

Whatever ends an entry only says so in its row; that its places are still its own is in the row, too. So nothing is lost
with a worker that dies, and nobody who leaves waits for those who come next.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.deps import Deps
from flows.appointments.finding import Asked
from flows.appointments.states import Event
from flows.appointments.tables import AppointmentOffice, AppointmentService
from flows.appointments.taking import give_back
from flows.appointments.waitlist.entries import CHANNEL, OPEN, entry_of, happen, offer_of
from flows.appointments.waitlist.offering import ACTOR, in_turn, offer
from flows.appointments.waitlist.tables import WaitlistEntry
from flows.appointments.watching import changed
from kernel.clock import Clock
from kernel.database import Database, driver

_AT_ONCE = 1000
# Somebody who has the service booked as often as they may, by whichever door, waits for it no more; what they have by a
# right (``rights``, ordinals below 0) does not count.
_BOOKED = """EXISTS (
        SELECT 1 FROM waitlist_person w
            JOIN booking_person p ON p.person = w.person AND p.active AND p.service = e.service AND p.ordinal >= 0
        WHERE w.entry_id = e.id GROUP BY w.person, s.most_active HAVING count(*) >= s.most_active
    )"""
_DUE = f"""
    SELECT e.id FROM waitlist_entry e JOIN appointment_service s ON s.code = e.service
    WHERE e.slot_ids IS NOT NULL AND e.returned_at IS NULL AND e.booking_id IS NULL
            AND (e.state <> 'offered' OR e.expires_at <= $1)
        OR e.state IN ('waitlisted', 'offered') AND (e.until <= $1 OR {_BOOKED})
    ORDER BY e.expires_at, e.id LIMIT $2
"""  # noqa: S608 - a text of ours
_HAS_BOOKED = f"SELECT {_BOOKED} FROM waitlist_entry e JOIN appointment_service s ON s.code = e.service WHERE e.id = $1"  # noqa: S608 - as above


async def due(database: Database, clock: Clock) -> Sequence[UUID]:
    """Return the entries that something is to be done about, those first whose places have waited longest."""
    async with database.snapshot() as session:
        rows = await (await driver(session)).fetch(_DUE, clock.now(), _AT_ONCE)
    return [UUID(int=row["id"].int) for row in rows]


async def pass_on(session: AsyncSession, clock: Clock, entry_id: UUID) -> None:
    """End an entry that is over, and have its places go to the next."""
    deps, now = Deps(session, clock), clock.now()
    await in_turn(session)
    row = await entry_of(session, entry_id, lock=True)
    if row.state in OPEN and (event := await _ends_by(deps, row)) is not None:
        await happen(deps, row, event, ACTOR)
    if row.state in ("left", "lapsed") and row.slot_ids and row.returned_at is None:
        row.returned_at = now
        service = await session.get_one(AppointmentService, row.service)
        of = Asked(service, await session.get_one(AppointmentOffice, row.office), row.people, CHANNEL)
        changed(
            session, offer_of(row, "").wanted(of, now), await give_back(await driver(session), row.slot_ids, CHANNEL)
        )
        await offer(deps, dict.fromkeys(row.slot_ids, 1))


async def _ends_by(deps: Deps, row: WaitlistEntry) -> Event | None:
    now = deps.clock.now()
    if row.until <= now or (row.expires_at is not None and row.expires_at <= now):
        return "lapse"
    has_booked = await (await driver(deps.session)).fetchval(_HAS_BOOKED, row.id)
    return "leave" if has_booked else None
