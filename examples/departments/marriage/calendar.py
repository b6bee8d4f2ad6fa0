"""When an office is open and how many couples a slot still takes. Slots are half hours; Sundays are closed."""

import datetime as dt
import zlib
from collections.abc import Iterator

from msgspec import Struct

from examples.departments.server import CITY_TIME

OPENINGS = ((dt.time(8, 30), dt.time(11, 30)), (dt.time(13, 30), dt.time(17, 0)))
SLOT = dt.timedelta(minutes=30)
DAYS_AHEAD = 90
POPULAR = {(2, 14), (5, 20), (5, 21), (8, 8), (9, 9), (11, 11)}  # month and day: 520 sounds like "I love you"


class Slot(Struct, rename="camel"):
    """Half an hour at an office; ``free`` couples can still book it."""

    slot_id: str
    start: dt.datetime
    end: dt.datetime
    capacity: int
    free: int


def is_open(day: dt.date) -> bool:
    """Tell whether the offices open on that day."""
    return day.isoweekday() != 7


def slots(office_id: str, counters: int, day: dt.date, booked: dict[str, int]) -> Iterator[Slot]:
    """Yield the slots of a day; ``booked`` counts the bookings made here, by slot."""
    if not is_open(day):
        return
    for opening, closing in OPENINGS:
        start = dt.datetime.combine(day, opening, CITY_TIME)
        while start.time() < closing:
            slot_id = f"{office_id}-{start:%Y%m%d-%H%M}"
            free = max(0, counters - _walk_ins(slot_id, counters, day) - booked.get(slot_id, 0))
            yield Slot(slot_id, start, start + SLOT, counters, free)
            start += SLOT


def _walk_ins(slot_id: str, counters: int, day: dt.date) -> int:
    """Count who came another way: more on popular days, always the same for one slot."""
    share = zlib.crc32(slot_id.encode()) % 100
    if (day.month, day.day) in POPULAR:
        return counters if share < 90 else counters - 1
    return counters * share // 140
