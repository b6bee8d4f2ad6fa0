"""Duty calendars in the database: loaded from a file, and inherited down the tree."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

import msgspec
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services_catalog.organisations.calendar_file import Row, day_of
from services_catalog.organisations.calendars import Calendar, Day
from services_catalog.organisations.errors import UnknownCalendarError
from services_catalog.organisations.questions import View, paths_of
from services_catalog.organisations.tables import CalendarDay, DutyCalendar, Organisation

_CLOSED = Day("closed")


async def store(session: AsyncSession, rows: Sequence[Row], zone: str) -> list[str]:
    """Add weekdays and days to calendars, or replace those that are there; return the calendars' names.

    What a file does not name stays, so that each year's holidays are a file of their own.
    """
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_name[row.calendar].append(row)
    for name, given in by_name.items():
        calendar = await session.get(DutyCalendar, name) or DutyCalendar(name=name, week=[])
        week = [msgspec.convert(each, Day) for each in calendar.week] or [_CLOSED] * 7
        for number, row in sorted((row.day, row) for row in given if isinstance(row.day, int)):
            week[number] = _day(row, week)
        calendar.week, calendar.time_zone = msgspec.to_builtins(week), zone
        session.add(calendar)
        await session.flush()
        if days := [msgspec.structs.asdict(row) for row in given if isinstance(row.day, date)]:
            added = insert(CalendarDay)
            kept = {each: added.excluded[each] for each in ("kind", "hours", "note", "source")}
            await session.exec(added.on_conflict_do_update(index_elements=["calendar", "day"], set_=kept), params=days)
    return list(by_name)


async def calendar(session: AsyncSession, name: str) -> Calendar:
    """Return a calendar with all its days. Raises UnknownCalendarError."""
    row = await session.get(DutyCalendar, name)
    if row is None:
        raise UnknownCalendarError(f"There is no calendar {name}", fix="Load it: yiwang calendar load FILE.")
    week = tuple(msgspec.convert(each, Day) for each in row.week)
    days = (await session.exec(select(CalendarDay).where(CalendarDay.calendar == name))).all()
    return Calendar(name, week, {each.day: _day(each, week) for each in days}, row.time_zone)


async def calendar_of(session: AsyncSession, day: date, organisation: str) -> Calendar | None:
    """Return the calendar of an organisation, or of the nearest above it that has one, on the administrative line.

    None: nobody has one. Raises UnknownOrganisationError.
    """
    path = (await paths_of(session, View(day), [organisation]))[organisation]
    steps = path.split("/")
    query = select(Organisation.code, Organisation.calendar).where(
        col(Organisation.code).in_(steps), col(Organisation.calendar).is_not(None)
    )
    named = dict((await session.exec(query)).all())
    nearest = next((named[code] for code in reversed(steps) if code in named), None)
    return await calendar(session, nearest) if nearest else None


def _day(row: Row | CalendarDay, week: Sequence[Day]) -> Day:
    """A working day without hours is as Monday."""
    return week[0] if row.kind == "working" and not row.hours else day_of(row.kind, row.hours)
