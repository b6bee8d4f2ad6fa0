"""What is free already of what somebody wants to wait for: they book it, for only what comes back is ever offered."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from flows.appointments.deps import Deps
from flows.appointments.draw.releases import lets_in_only_ranks, release_for
from flows.appointments.errors import WaitlistNeedlessError
from flows.appointments.finding import Asked, Free, free_times
from flows.appointments.searching import free_days
from flows.appointments.tables import CHANNELS
from flows.appointments.taking import ROLL_OVER
from flows.appointments.turnstile import Wanted
from flows.appointments.waitlist.entries import CHANNEL
from flows.appointments.waitlist.fitting import Diary
from flows.appointments.waitlist.places import Time
from flows.appointments.waitlist.wishes import Window
from flows.appointments.watching import turnstile_of
from kernel.database import driver

_NAMED = 3  # as many as a time that is taken names


async def check_none_free(deps: Deps, wanted: Sequence[Asked], windows: Sequence[Window], diary: Diary) -> None:
    """Refuse to have somebody wait for what they could book now, at one of some offices, the dearest first.

    Raises WaitlistNeedlessError.
    """
    days = await _days(deps, wanted, windows, diary.until)
    for of in wanted:
        found = set[datetime]()
        for day in (each for office, each in days if office == of.office.code):
            found |= {each.free.starts_at for each in await _bookable(deps, of, day, windows, diary)}
            if len(found) >= _NAMED:
                break
        if found:
            raise WaitlistNeedlessError(of.office.code, sorted(found)[:_NAMED])


async def _days(
    deps: Deps, wanted: Sequence[Asked], windows: Sequence[Window], until: datetime
) -> list[tuple[str, date]]:
    """Return the days of windows that have anything free, by office: only of those each time is read."""
    offices, of = [each.office.code for each in wanted], wanted[0]
    span = deps.clock.now(), until
    free = await free_days(
        await driver(deps.session), of.service, span, people=of.people, channel=CHANNEL, offices=offices
    )
    days = [(each.office, date.fromisoformat(each.day)) for each in free]
    return [(office, day) for office, day in days if any(window.has_day(day) for window in windows)]


async def _bookable(deps: Deps, of: Asked, day: date, windows: Sequence[Window], diary: Diary) -> Sequence[Time]:
    zone, release = of.office.time_zone, release_for(of, of.hours_of(day)[0])
    if of.service.draw_seconds and await lets_in_only_ranks(deps.session, release, deps.clock.now()):
        return ()
    times = [Time(of, each) for each in await free_times(deps.session, deps.clock, of, of.hours_of(day))]
    fitting = [
        each
        for each in times
        if diary.allows(each) and any(window.has(each.free.starts_at, each.ends_at, zone) for window in windows)
    ]
    return await _unheld(deps, of, fitting)


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
    return [each for each in times if _has_any(each.free, held)]


def _has_any(free: Free, held: Counter[int]) -> bool:
    """Whether each slot of a time has more places than there are holds of it."""
    return all(left > held[slot] for slot, left in zip(free.slot_ids, free.left, strict=True))
