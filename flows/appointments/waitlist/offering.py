"""Places that are free again are offered to who waits for them, in the transaction that frees them.

So nobody else ever sees them free, and whatever dies with it was not done. What is offered stays taken in the slots'
rows: Redis, which may forget, has no part in it.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.dialects import postgresql
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.holding import taken
from flows.appointments.notices import notify
from flows.appointments.persons import Person
from flows.appointments.taking import ROLL_OVER, take
from flows.appointments.waitlist.entries import CHANNEL, entry_of, happen, offer_of
from flows.appointments.waitlist.fitting import first_fitting
from flows.appointments.waitlist.places import Time, places_of
from flows.appointments.waitlist.tables import WaitlistPerson
from flows.appointments.waitlist.waiting import waiting_for
from flows.appointments.watching import changed
from kernel.database import driver, lock_named

LASTS = timedelta(minutes=15)
ACTOR = "system:waitlist"


class _Offered(NamedTuple):
    id: UUID
    account_id: UUID
    service: str
    office: str
    starts_at: datetime


async def in_turn(session: AsyncSession) -> None:
    """Have one transaction at a time free and offer places, so that ranks hold; to be asked for before other locks."""
    await lock_named(session, "waitlist")


async def offer_returned(deps: Deps, row: Booking) -> None:
    """Offer the places of a booking that have come back, unless they are another channel's alone."""
    if row.channel == CHANNEL or row.starts_at <= deps.clock.now() + ROLL_OVER:
        await offer(deps, row.slot_ids)


async def offer(deps: Deps, slot_ids: Collection[int], most: int = 1) -> None:
    """Offer up to ``most`` places of each slot that are free, by rank; the caller is ``in_turn`` and has the slots."""
    if not (places := await places_of(deps, slot_ids, most)).are_left():
        return
    for who in await waiting_for(await driver(deps.session), places, deps.clock.now()):
        if not places.are_left():
            return
        chosen = await first_fitting(deps, who, places)
        if chosen is not None and await _offer(deps, who.id, *chosen):
            places.use(chosen[0].free)


async def _offer(deps: Deps, entry_id: UUID, time: Time, person: Person) -> bool:
    """Make a time an entry's; false if its person has left meanwhile."""
    session, now = deps.session, deps.clock.now()
    entry = await entry_of(session, entry_id, lock=True)
    if entry.state != "waitlisted":
        return False
    starts_at = time.free.starts_at
    system = time.free.system  # a department's own, which does not keep it for the while of an offer
    left = await take(await driver(session), time.free.slot_ids, CHANNEL, now, is_elsewhere=bool(system))
    if left is None:  # they are locked, and were free: never
        raise taken(())
    entry.office, entry.resource_id, entry.slot_ids = time.of.office.code, time.free.resource_id, [*time.free.slot_ids]
    entry.system = system or None
    entry.starts_at, entry.ends_at, entry.expires_at = starts_at, time.ends_at, min(now + LASTS, starts_at)
    await happen(deps, entry, "offer", ACTOR)
    changed(session, offer_of(entry).wanted(time.of, now), left)
    values = [{"entry_id": entry.id, "person": each, "offered": True} for each in person]
    put = postgresql.insert(WaitlistPerson).values(values)
    await session.exec(put.on_conflict_do_update(index_elements=["entry_id", "person"], set_={"offered": True}))
    offered = _Offered(entry.id, entry.account_id, entry.service, entry.office, starts_at)
    await notify(deps, offered, "offer", until=entry.expires_at)
    return True
