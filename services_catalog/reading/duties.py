"""By which weekday's hours an office works at a date: holidays, and days worked in exchange, of its duty calendar.

A place says in its hours what is usual; the calendar of its organisation, or of the nearest above that has one, says
which days are not.
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, TypeAlias

import asyncpg
import msgspec
from msgspec import Struct

from services_catalog.organisations.calendars import Day, DayKind
from services_catalog.search.searchable import WEEKDAYS, Weekday

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
_SECONDS = 5.0  # of a query
_CALENDARS = "SELECT name, week FROM calendar"
_DAYS = "SELECT calendar, day, kind FROM calendar_day"
_NAMED = "SELECT code, calendar FROM organisation WHERE calendar IS NOT NULL"
_PATHS = "SELECT code, path FROM organisation WHERE code = ANY($1::text[])"


class DutyDays(Struct, frozen=True):
    """A calendar as far as it differs: which of the week's days are worked, and what the other days are like."""

    worked: tuple[bool, ...]
    days: Mapping[date, DayKind]

    def weekday(self, day: date) -> Weekday | None:
        """Return the weekday whose hours hold; None: closed."""
        own = day.weekday()
        kind = self.days.get(day)
        if kind == "closed":
            return None
        if kind == "working" and not self.worked[own]:  # worked in exchange, as on Monday
            return WEEKDAYS[0]
        return WEEKDAYS[own]


class Duties:
    """The calendars of one process; ``read`` renews them. Calling it answers for an organisation and a date."""

    def __init__(self) -> None:
        self.known: frozenset[str] = frozenset()  # organisations whose place in the tree was looked up
        self._calendars: dict[str, DutyDays] = {}
        self._named: dict[str, str] = {}
        self._paths: dict[str, tuple[str, ...]] = {}

    def __call__(self, organisation: str | None, day: date) -> Weekday | None:
        calendar = self._of(organisation) if organisation else None
        return calendar.weekday(day) if calendar else WEEKDAYS[day.weekday()]

    def _of(self, organisation: str) -> DutyDays | None:
        path = self._paths.get(organisation, (organisation,))
        name = next((self._named[code] for code in reversed(path) if code in self._named), "")
        return self._calendars.get(name)

    async def read(self, connection: Connection, places: Collection[str]) -> None:
        """Read every calendar, and where the organisations of ``places`` stand."""
        days: dict[str, dict[date, DayKind]] = {}
        for row in await connection.fetch(_DAYS, timeout=_SECONDS):
            days.setdefault(row["calendar"], {})[row["day"]] = row["kind"]
        weeks: list[Any] = await connection.fetch(_CALENDARS, timeout=_SECONDS)
        self._calendars = {row["name"]: _duty_days(row["week"], days.get(row["name"], {})) for row in weeks}
        self._named = dict(await connection.fetch(_NAMED, timeout=_SECONDS))
        paths = await connection.fetch(_PATHS, [*places], timeout=_SECONDS)
        self.known = frozenset(places)
        self._paths = {row["code"]: tuple(row["path"].split("/")) for row in paths}


def _duty_days(week: str, days: Mapping[date, DayKind]) -> DutyDays:
    usual = msgspec.json.decode(week, type=list[Day])
    return DutyDays(tuple(each.kind == "working" for each in usual), days)
