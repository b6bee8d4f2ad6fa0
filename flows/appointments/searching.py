"""Where a service can be booked: offices with their first free time and how many there are on each day.

It reads one row for a resource (``lines``) instead of a row for each of its slots, and finds what ``finding`` finds.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import asyncpg
from msgspec import Struct

from flows.appointments.bits import length_of, visits
from flows.appointments.tables import CHANNELS, AppointmentService, Channel
from flows.appointments.taking import ROLL_OVER
from flows.appointments.windows import released_until, soonest

_LINES = """
    SELECT r.office, o.time_zone, r.slot_minutes, r.buffer_minutes, l.begins_at, l.unit_minutes,
        l.serves[array_position(l.services, $1)] AS serves, l.bits[1] AS open, l.bits[2] AS free, l.bits[$2] AS own
    FROM appointment_line l
        JOIN appointment_resource r ON r.id = l.resource_id AND r.closed_at IS NULL
        JOIN appointment_office o ON o.code = r.office AND o.closed_at IS NULL
    WHERE l.services @> ARRAY[$1]
"""
_EPOCH, _MINUTE = datetime.fromtimestamp(0, UTC), timedelta(minutes=1)


class FreeDay(Struct, frozen=True):
    """A day at an office: its first free time, and how many times are free at its resources."""

    office: str
    day: date
    first: datetime
    times: int


class _Frame(Struct, frozen=True):
    """What moments mean in lines of one zone, beginning and unit, as numbers of bits and masks."""

    begin_minute: int  # since 1970
    shared: int  # times whose places are anybody's
    days: list[tuple[date, int, int]]  # with where each begins, and a mask of what can be booked, from there


async def free_days(
    connection: "asyncpg.Connection[asyncpg.Record]",
    service: AppointmentService,
    now: datetime,
    until: datetime,
    *,
    people: int = 1,
    channel: Channel = "public",
) -> list[FreeDay]:
    """Return the days of all offices on which a service can be booked now, by office and day."""
    minutes = service.minutes + service.further_minutes * (people - 1)
    frames = dict[tuple[str, datetime, int], _Frame]()
    found = dict[tuple[str, date], tuple[int, int]]()  # the first one's minute, and how many
    for office, zone, slot, buffer, begins_at, unit, *masks in await connection.fetch(
        _LINES, service.code, CHANNELS.index(channel) + 3
    ):
        if (frame := frames.get((zone, begins_at, unit))) is None:
            frame = frames[zone, begins_at, unit] = _frame(service, now, until, zone, (begins_at, unit))
        serves, is_open, free, own = (int.from_bytes(each, "little") for each in masks)
        usable = free & frame.shared | own & ~frame.shared
        begins = visits(serves, is_open, usable, length_of(minutes, buffer, slot, unit))
        for day, start, mask in frame.days:
            if here := begins >> start & mask:
                minute = frame.begin_minute + unit * (start + (here & -here).bit_length() - 1)
                first, times = found.get((office, day), (minute, 0))
                found[office, day] = (min(first, minute), times + here.bit_count())
    return [
        FreeDay(office, day, _EPOCH + first * _MINUTE, times) for (office, day), (first, times) in sorted(found.items())
    ]


def _frame(
    service: AppointmentService, now: datetime, until: datetime, zone: str, scale: tuple[datetime, int]
) -> _Frame:
    begins_at, unit = scale[0], scale[1] * _MINUTE

    def number(at: datetime) -> int:
        """Return the bit of the first time that is not before a moment."""
        return max(0, -((begins_at - at) // unit))

    begin, end = soonest(service, now), min(until, released_until(service, now, zone))
    there = ZoneInfo(zone)
    day, days = begin.astimezone(there).date(), list[tuple[date, int, int]]()
    while begin < end:
        over = min(end, datetime.combine(day + timedelta(days=1), time(), there).astimezone(UTC))
        first, last = number(begin), number(over)
        days.append((day, first, (1 << last - first) - 1))
        begin, day = over, day + timedelta(days=1)
    shared = max(0, (now + ROLL_OVER - begins_at) // unit + 1)
    return _Frame((begins_at - _EPOCH) // _MINUTE, (1 << shared) - 1, days)
