"""Which slots a resource has on a day: its schedules, as the office's calendar and exceptions leave them. Pure.

A schedule for *working* days follows the official calendar: not on a holiday, and on a Saturday that is worked in
exchange. One for a weekday holds on every such day, but for those that the calendar closes or exchanges by name.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from flows.appointments.tables import Days
from services_catalog.organisations.calendars import Calendar, Span

WEEKDAYS = get_args(Days)[1:]


class Opening(Struct, frozen=True):
    """A schedule as its row has it: on which days, from when to when in minutes of the day, how many places."""

    id: UUID
    days: tuple[str, ...]
    begin: int
    end: int
    quota: tuple[int, ...]
    valid_from: date | None = None
    valid_to: date | None = None


class Planned(Struct, frozen=True):
    """A slot as it should be; times are UTC."""

    schedule_id: UUID
    starts_at: datetime
    ends_at: datetime
    quota: tuple[int, ...]


def is_served(opening: Opening, calendar: Calendar, day: date) -> bool:
    """Whether a schedule holds on a day, exceptions aside."""
    if (opening.valid_from and day < opening.valid_from) or (opening.valid_to and opening.valid_to < day):
        return False
    if "working" in opening.days and calendar.on(day).kind == "working":
        return True
    named, usual = calendar.days.get(day), calendar.week[day.weekday()]
    is_usual = named is None or named.kind == "open" or named.kind == usual.kind == "working"
    return WEEKDAYS[day.weekday()] in opening.days and is_usual


def planned(
    openings: Iterable[Opening],
    calendar: Calendar,
    day: date,
    slot: timedelta,
    within: Sequence[Span] | None = None,
) -> list[Planned]:
    """Return a day's slots in order. ``within``: the hours of an exception; None: it is a day as any other.

    What remains of a schedule beyond whole slots is not served. Where clocks are changed a slot has its length by any
    clock that runs on: an hour that does not exist has no slots, one that comes twice has them twice.
    """
    found: dict[datetime, Planned] = {}
    for opening in openings:
        if not is_served(opening, calendar, day):
            continue
        for begin, end in _cut(opening, within):
            at, last = _instant(day, begin, calendar.zone), _instant(day, end, calendar.zone)
            while at + slot <= last:
                found.setdefault(at, Planned(opening.id, at, at + slot, opening.quota))
                at += slot
    apart: list[Planned] = []
    for at in sorted(found):
        if not apart or apart[-1].ends_at <= at:
            apart.append(found[at])
    return apart


def _cut(opening: Opening, within: Sequence[Span] | None) -> list[tuple[int, int]]:
    if within is None:
        return [(opening.begin, opening.end)]
    cut = [(max(opening.begin, each.begin), min(opening.end, each.end)) for each in within]
    return [(begin, end) for begin, end in cut if begin < end]


def _instant(day: date, minute: int, zone: str) -> datetime:
    """The moment at which a day's clocks show a minute; if they skip it, that at which they do."""
    local = datetime.combine(day, time()) + timedelta(minutes=minute)
    while True:  # ends: clocks skip an hour or two
        at = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        if at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local:
            return at
        local += timedelta(minutes=1)
