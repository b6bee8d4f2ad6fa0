"""The file of duty calendars: CSV, a line for each weekday or day. docs/organisations.md describes it."""

import re
from datetime import date
from typing import get_args

from msgspec import Struct

from services_catalog.organisations.calendars import Day, DayKind, Span
from services_catalog.organisations.errors import FileFinding, FileRefusedError
from services_catalog.organisations.sheets import read_sheet

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
COLUMNS = ("calendar", "day", "kind", "hours", "note", "source")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)
_SPAN = re.compile(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)", re.ASCII)
_KINDS: tuple[DayKind, ...] = get_args(DayKind)


class Row(Struct, frozen=True):
    """One line: a weekday (0 is Monday) or a date of a calendar. ``hours`` is the text; empty: as on Monday."""

    calendar: str
    day: int | date
    kind: DayKind
    hours: str
    note: str
    source: str


def read_calendars(data: bytes, encoding: str = "utf-8-sig") -> list[Row]:
    """Read a whole file. Raises FileRefusedError with everything that is wrong."""
    lines, findings = read_sheet(data, encoding, COLUMNS, required=COLUMNS[:3])
    rows: dict[tuple[str, int | date], Row] = {}
    for number, cells in lines:
        try:
            row = _row(cells)
        except ValueError as error:
            message, fix = error.args
            findings.append(FileFinding(number, message, fix))
            continue
        if (row.calendar, row.day) in rows:
            message = f"{row.calendar} has {cells['day']} twice"
            findings.append(FileFinding(number, message, "Remove one of the two lines."))
        rows[row.calendar, row.day] = row
    if findings:
        raise FileRefusedError(sorted(findings))
    return list(rows.values())


def day_of(kind: DayKind, hours: str) -> Day:
    """Return what a kind and a text such as ``09:00-12:00 13:30-17:00`` say. Raises ValueError(message, fix)."""
    spans: list[Span] = []
    for word in hours.split():
        match = _SPAN.fullmatch(word)
        begin, end = (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (0, 0)
        if not begin < end <= 24 * 60 or (spans and begin < spans[-1].end):
            raise ValueError(
                f"{word} is no span of hours, or not after the one before it",
                "Write 09:00-12:00 13:30-17:00, in order; a night is two days: 22:00-24:00, then 00:00-06:00.",
            )
        spans.append(Span(begin, end))
    if kind == "closed" and spans:
        raise ValueError("A closed day has hours", "Leave hours empty, or make it open or working.")
    return Day(kind, tuple(spans))


def _row(cells: dict[str, str]) -> Row:
    name, day, kind, hours = (cells.get(column, "") for column in COLUMNS[:4])
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no calendar's name", "Use lower case letters, digits and hyphens.")
    known = next((each for each in _KINDS if each == kind), None)
    if known is None:
        raise ValueError(f"{kind!r} is no kind of day", f"Use one of {', '.join(_KINDS)}.")
    if not hours and (known == "open" or (known == "working" and day == WEEKDAYS[0])):
        raise ValueError("The hours are missing", "Only other working days than Monday may leave them out: as Monday.")
    day_of(known, hours)
    return Row(name, _day(day), known, hours, cells.get("note", ""), cells.get("source", ""))


def _day(text: str) -> int | date:
    if text in WEEKDAYS:
        return WEEKDAYS.index(text)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is neither a weekday nor a day", f"Use {', '.join(WEEKDAYS)}, or a day such as 2027-01-01."
        ) from None
