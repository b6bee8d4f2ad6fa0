"""Duty calendars: is an office open, when next, and which day is so many working days from one. Pure.

A calendar is a usual week and the days that are not like their weekday. A *working* day counts for periods of time; an
*open* one has hours but does not count, such as a service hall's Saturday.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

DayKind = Literal["working", "open", "closed"]

_LONGEST_REST = 366
"""Days without a working one after which a calendar is taken to have none: no holiday lasts a year."""


class Span(Struct, frozen=True, order=True):
    """Hours of a day in minutes from its midnight: ``begin`` is within, ``end`` (up to 1,440) is not."""

    begin: int
    end: int


class Day(Struct, frozen=True):
    """What a day is like; ``hours`` in order, apart from each other."""

    kind: DayKind
    hours: tuple[Span, ...] = ()


class Calendar(Struct, frozen=True):
    """A usual week from Monday to Sunday, the days that differ, and where they are days."""

    name: str
    week: tuple[Day, ...]
    days: Mapping[date, Day]
    zone: str = "Asia/Shanghai"

    def on(self, day: date) -> Day:
        """What a day is like."""
        return self.days.get(day) or self.week[day.weekday()]


def add_working_days(calendar: Calendar, day: date, number: int) -> date:
    """Return the ``number``-th working day after ``day`` (before it, if negative), which itself does not count.

    The day on which a period begins is not part of it (Civil Code of China, article 201). Zero gives ``day``. Raises
    ValueError if the calendar has no working days there.
    """
    step, left, rest = (1 if number > 0 else -1), abs(number), 0
    while left:
        day += timedelta(days=step)
        if calendar.on(day).kind == "working":
            left, rest = left - 1, 0
        elif (rest := rest + 1) > _LONGEST_REST:
            raise ValueError(f"the calendar {calendar.name} has no working day in the year around {day}")
    return day


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Whether it is within opening hours; ``at`` has a time zone."""
    local = at.astimezone(ZoneInfo(calendar.zone))
    minute = local.hour * 60 + local.minute
    return any(span.begin <= minute < span.end for span in calendar.on(local.date()).hours)


def next_open(calendar: Calendar, at: datetime) -> datetime | None:
    """Return ``at`` if it is open, else when it opens next, in the calendar's zone; None if not within a year."""
    zone = ZoneInfo(calendar.zone)
    local = at.astimezone(zone)
    if is_open(calendar, at):
        return local
    for ahead in range(_LONGEST_REST):
        day = local.date() + timedelta(days=ahead)
        for span in calendar.on(day).hours:
            opens = datetime(day.year, day.month, day.day, *divmod(span.begin, 60), tzinfo=zone)
            if opens > local:
                return opens
    return None
