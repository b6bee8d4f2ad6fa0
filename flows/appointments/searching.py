"""Where a service can be booked: offices with their first free time and how many there are on each day.

It reads one row for a resource (``lines``) instead of a row for each of its slots, and finds what ``finding`` finds.
"""

from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from operator import itemgetter
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
    ORDER BY r.office
"""
_NEVER = 2**62
_EPOCH, _MINUTE = datetime.fromtimestamp(0, UTC), timedelta(minutes=1)


class FreeDay(Struct, frozen=True):
    """A day at an office: its first free time, and how many times are free at its resources."""

    office: str
    day: date
    first: datetime
    times: int


class _Days(Struct, frozen=True):
    """The days of a zone that can be booked: with the moments between which times begin."""

    days: list[date]
    spans: list[tuple[datetime, datetime]]


class _Frame(Struct, frozen=True):
    """What moments mean in lines that begin alike and have one unit, as numbers of bits and masks."""

    begin_minute: int  # since 1970
    shared: int  # times whose places are anybody's
    days: list[tuple[int, int]]  # where each begins, and a mask of what can be booked from there


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
    zones, frames, found = dict[str, _Days](), dict[tuple[str, datetime, int], _Frame](), list[FreeDay]()
    rows = await connection.fetch(_LINES, service.code, CHANNELS.index(channel) + 3)
    for (office, zone), lines in groupby(rows, itemgetter(0, 1)):
        if (of := zones.get(zone)) is None:
            of = zones[zone] = _days(service, now, until, zone)
        firsts, times = [_NEVER] * len(of.days), [0] * len(of.days)
        for _, _, slot, buffer, begins_at, unit, *masks in lines:
            if (frame := frames.get((zone, begins_at, unit))) is None:
                frame = frames[zone, begins_at, unit] = _frame(of, now, begins_at, unit)
            serves, is_open, free, own = [int.from_bytes(each, "little") for each in masks]
            usable = free & frame.shared | own & ~frame.shared
            begins = visits(serves, is_open, usable, length_of(minutes, buffer, slot, unit))
            for number, (start, mask) in enumerate(frame.days):
                if here := begins >> start & mask:
                    times[number] += here.bit_count()
                    minute = frame.begin_minute + unit * (start + (here & -here).bit_length() - 1)
                    firsts[number] = min(firsts[number], minute)
        found += [
            FreeDay(office, day, _EPOCH + first * _MINUTE, number)
            for day, first, number in zip(of.days, firsts, times, strict=True)
            if number
        ]
    return found


def _days(service: AppointmentService, now: datetime, until: datetime, zone: str) -> _Days:
    begin, end = soonest(service, now), min(until, released_until(service, now, zone))
    there, found = ZoneInfo(zone), _Days([], [])
    while begin < end:
        day = begin.astimezone(there).date()
        over = datetime.combine(day + timedelta(days=1), time(), there).astimezone(UTC)
        found.days.append(day)
        found.spans.append((begin, min(over, end)))
        begin = over
    return found


def _frame(of: _Days, now: datetime, begins_at: datetime, unit_minutes: int) -> _Frame:
    unit = unit_minutes * _MINUTE

    def number(at: datetime) -> int:
        """Return the bit of the first time that is not before a moment."""
        return max(0, -((begins_at - at) // unit))

    spans = [(number(begin), number(over)) for begin, over in of.spans]
    shared = max(0, (now + ROLL_OVER - begins_at) // unit + 1)
    days = [(first, (1 << last - first) - 1) for first, last in spans]
    return _Frame((begins_at - _EPOCH) // _MINUTE, (1 << shared) - 1, days)
