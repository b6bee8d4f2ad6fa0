"""What is free already of what somebody wants to wait for: they book it, for only what comes back is ever offered."""

from collections import Counter
from collections.abc import Sequence

from flows.appointments.deps import Deps
from flows.appointments.errors import WaitlistNeedlessError
from flows.appointments.finding import Asked, free_times
from flows.appointments.persons import Person
from flows.appointments.tables import CHANNELS
from flows.appointments.taking import ROLL_OVER
from flows.appointments.turnstile import Wanted
from flows.appointments.waitlist.entries import CHANNEL
from flows.appointments.waitlist.fitting import can_come
from flows.appointments.waitlist.places import Time
from flows.appointments.waitlist.wishes import Window, over_at
from flows.appointments.watching import turnstile_of
from kernel.database import driver

_NAMED = 3  # as many as a time that is taken names


async def check_none_free(deps: Deps, wanted: Sequence[Asked], windows: Sequence[Window], person: Person) -> None:
    """Refuse to have a person wait for what they could book now, at one of some offices, the dearest first.

    Raises WaitlistNeedlessError.
    """
    connection = await driver(deps.session)
    for of in wanted:
        found = {}
        for each in await _unheld(deps, of, await _times(deps, of, windows)):
            if each.free.starts_at not in found and await can_come(deps, connection, person, each):
                found[each.free.starts_at] = each
            if len(found) == _NAMED:
                break
        if found:
            raise WaitlistNeedlessError(of.office.code, list(found))


async def _times(deps: Deps, of: Asked, windows: Sequence[Window]) -> list[Time]:
    zone = of.office.time_zone
    free = await free_times(deps.session, deps.clock, of, (deps.clock.now(), over_at(windows, zone)))
    times = [Time(of, each) for each in free]
    return [each for each in times if any(window.has(each.free.starts_at, each.ends_at, zone) for window in windows)]


async def _unheld(deps: Deps, of: Asked, times: Sequence[Time]) -> Sequence[Time]:
    """Leave out what is free but held: nobody else can book it, and whoever holds it most likely does."""
    if (turnstile := turnstile_of(deps.session)) is None or not times:
        return times
    now, slots = deps.clock.now(), dict[tuple[int, str], Wanted]()
    for free in (each.free for each in times):
        shared = free.starts_at <= now + ROLL_OVER
        for channel in CHANNELS if shared else (CHANNEL,):
            for slot in free.slot_ids:
                day = of.day_of(free.starts_at)
                slots[slot, channel] = Wanted(free.resource_id, day, (slot,), channel, shared)
    held = Counter[int]()
    for (slot, _), number in zip(slots, await turnstile.held(list(slots.values()), now), strict=True):
        held[slot] += number
    return [each for each in times if each.free.places > max(held[slot] for slot in each.free.slot_ids)]
