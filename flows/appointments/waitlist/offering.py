"""Places that are free again are offered to who waits for them, in the transaction that frees them.

So nobody else ever sees them free, and whatever dies with it was not done. What is offered stays taken in the slots'
rows: Redis, which may forget, keeps none of it. But what somebody holds there is not offered, and for the moments until
the commit an offer is a hold there itself, so that nobody comes in between.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.dialects import postgresql
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.holding import WHILE_CONFIRMING, taken
from flows.appointments.notices import notify
from flows.appointments.persons import Person
from flows.appointments.taking import ROLL_OVER, left_of, take
from flows.appointments.turnstile import Wanted
from flows.appointments.waitlist.entries import CHANNEL, entry_of, happen, hold_id_of, offer_of
from flows.appointments.waitlist.fitting import first_fitting
from flows.appointments.waitlist.places import Time, places_of
from flows.appointments.waitlist.tables import WaitlistEntry, WaitlistPerson
from flows.appointments.waitlist.waiting import waiting_for
from flows.appointments.watching import changed, turnstile_of
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
        await offer(deps, dict.fromkeys(row.slot_ids, 1))


async def offer(deps: Deps, slots: Mapping[int, int]) -> None:
    """Offer up to so many free places of each slot, by rank; the caller is ``in_turn`` and has the slots locked."""
    if not (places := await places_of(deps, slots)).are_left():
        return
    claims = _Claims(deps)
    for who in await waiting_for(await driver(deps.session), places, deps.clock.now()):
        if not places.are_left():
            return
        while (chosen := await first_fitting(deps, who, places)) is not None:
            time, person = chosen
            entry = await entry_of(deps.session, who.id, lock=True)
            if entry.state != "waitlisted":  # its person has left meanwhile
                break
            if await claims.are_free(entry.id, time):
                await _offer(deps, entry, time, person)
                places.use(time.free)
                break
            places.leave(time.free)


class _Claims:
    """Places that are to be offered, at the turnstile; once that is away, the database alone decides."""

    def __init__(self, deps: Deps) -> None:
        self._deps, self._turnstile = deps, turnstile_of(deps.session)

    async def are_free(self, entry_id: UUID, time: Time) -> bool:
        """Whether nobody holds what is left of a time; then it is an entry's for the moments until the commit."""
        if self._turnstile is None:
            return True
        now, of, free = self._deps.clock.now(), time.of, time.free
        shared = free.starts_at <= now + ROLL_OVER
        wanted = Wanted(free.resource_id, of.day_of(free.starts_at), free.slot_ids, CHANNEL, shared)
        left = await left_of(await driver(self._deps.session), free.slot_ids)
        answer = await self._turnstile.claim(hold_id_of(entry_id), wanted, now, now + WHILE_CONFIRMING, left)
        if answer == "away":
            self._turnstile = None
        return answer != "taken"


async def _offer(deps: Deps, entry: WaitlistEntry, time: Time, person: Person) -> None:
    """Make a time an entry's."""
    session, now, starts_at = deps.session, deps.clock.now(), time.free.starts_at
    system = time.free.system  # a department's own, which does not keep it for the while of an offer
    left = await take(await driver(session), time.free.slot_ids, CHANNEL, now, is_elsewhere=bool(system))
    if left is None:  # they are locked, and were free: never
        raise taken(())
    entry.office, entry.resource_id, entry.slot_ids = time.of.office.code, time.free.resource_id, [*time.free.slot_ids]
    entry.system = system or None
    entry.starts_at, entry.ends_at, entry.expires_at = starts_at, time.ends_at, min(now + LASTS, starts_at)
    await happen(deps, entry, "offer", ACTOR)
    made = offer_of(entry)
    changed(session, made.wanted(time.of, now), left, made.id)
    values = [{"entry_id": entry.id, "person": each, "offered": True} for each in person]
    put = postgresql.insert(WaitlistPerson).values(values)
    await session.exec(put.on_conflict_do_update(index_elements=["entry_id", "person"], set_={"offered": True}))
    offered = _Offered(entry.id, entry.account_id, entry.service, entry.office, starts_at)
    await notify(deps, offered, "offer", until=entry.expires_at)
