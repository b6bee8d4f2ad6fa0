"""Where a service can be booked: offices with their first free time and how many there are on each day.

It reads one row for a resource (``lines``) instead of a row for each of its slots, and finds what ``finding`` finds.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from functools import cache, partial, reduce
from itertools import groupby
from operator import itemgetter, or_
from zoneinfo import ZoneInfo

import asyncpg
from msgspec import Struct

from flows.appointments.bits import length_of, visits
from flows.appointments.tables import CHANNELS, AppointmentService, Channel
from flows.appointments.taking import ROLL_OVER
from flows.appointments.windows import released_until, soonest

_LINES = """
    SELECT r.office, o.time_zone, l.begins_at, l.unit_minutes, r.slot_minutes, r.buffer_minutes,
        l.serves[array_position(l.services, $1)] AS serves, l.bits[1] AS open, l.bits[2] AS free, l.bits[$2] AS own
    FROM appointment_line l
        JOIN appointment_resource r ON r.id = l.resource_id AND r.closed_at IS NULL
        JOIN appointment_office o ON o.code = r.office AND o.closed_at IS NULL
    WHERE l.services @> ARRAY[$1] AND ($3::varchar[] IS NULL OR r.office = ANY ($3))
    ORDER BY r.office
"""
_NEVER = 2**62
_EPOCH, _MINUTE = datetime.fromtimestamp(0, UTC), timedelta(minutes=1)


class FreeDay(Struct, frozen=True):
    """A day at an office: its first free time, and how many times are free at its resources."""

    office: str
    day: str  # YYYY-MM-DD
    first: datetime
    times: int


class _Days(Struct, frozen=True):
    """The days of a zone that can be booked: with the moments between which times begin."""

    days: list[str]
    spans: list[tuple[datetime, datetime]]


class _Frame(Struct, frozen=True, eq=False):
    """What moments mean in lines that begin alike and have one unit, as numbers of bits and masks."""

    begin_minute: int  # since 1970
    unit_minutes: int
    shared: int  # times whose places are anybody's
    days: list[int]  # what can be booked on each


async def free_days(
    connection: "asyncpg.Connection[asyncpg.Record]",
    service: AppointmentService,
    span: tuple[datetime, datetime],
    *,
    people: int = 1,
    channel: Channel = "public",
    offices: Sequence[str] | None = None,
) -> list[FreeDay]:
    """Return the days of some offices, or of all, on which a service can be booked now, by office and day.

    ``span``: from now until when.
    """
    now, until = span
    minutes = service.minutes + service.further_minutes * (people - 1)
    days = cache(partial(_days, service, now, until))
    frame = cache(lambda zone, begins_at, unit: _frame(days(zone), now, begins_at, unit))
    moment = cache(lambda minute: _EPOCH + minute * _MINUTE)
    rows = await connection.fetch(_LINES, service.code, CHANNELS.index(channel) + 3, offices)
    found = list[FreeDay]()
    for (office, zone), lines in groupby(rows, itemgetter(0, 1)):
        begins = defaultdict[_Frame, list[int]](list)
        for _, _, begins_at, unit, slot, buffer, *masks in lines:
            of = frame(zone, begins_at, unit)
            serves, is_open, free, own = [int.from_bytes(each, "little") for each in masks]
            usable = free & of.shared | own & ~of.shared
            begins[of].append(visits(serves, is_open, usable, length_of(minutes, buffer, slot, unit)))
        firsts, times = [_NEVER] * len(days(zone).days), [0] * len(days(zone).days)
        for of, at_each in begins.items():
            _count(of, at_each, firsts, times)
        found += [
            FreeDay(office, day, moment(first), number)
            for day, first, number in zip(days(zone).days, firsts, times, strict=True)
            if number
        ]
    return found


def _count(frame: _Frame, begins: list[int], firsts: list[int], times: list[int]) -> None:
    """Add what begins at resources to the first minute and the number of times of each day."""
    anywhere = reduce(or_, begins)
    for day, mask in enumerate(frame.days):
        if here := anywhere & mask:
            times[day] += sum([(each & mask).bit_count() for each in begins])
            first = frame.begin_minute + frame.unit_minutes * ((here & -here).bit_length() - 1)
            firsts[day] = min(firsts[day], first)


def _days(service: AppointmentService, now: datetime, until: datetime, zone: str) -> _Days:
    begin, end = soonest(service, now), min(until, released_until(service, now, zone))
    there, found = ZoneInfo(zone), _Days([], [])
    while begin < end:
        day = begin.astimezone(there).date()
        over = datetime.combine(day + timedelta(days=1), time(), there).astimezone(UTC)
        found.days.append(day.isoformat())
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
    days = [(1 << last) - (1 << first) for first, last in spans]
    return _Frame((begins_at - _EPOCH) // _MINUTE, unit_minutes, (1 << shared) - 1, days)
