"""Lines and when their buses come: departures every few minutes between the first and the last of a day."""

import datetime as dt
import enum
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

Clock = Annotated[str, Meta(pattern="^[0-2][0-9]:[0-5][0-9]$", description="Hours and minutes, such as 05:30.")]


class Stop(Struct, rename="camel"):
    """A bus stop."""

    id: str
    name_zh: str
    name_en: str
    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    shelter: bool


class LineKind(enum.Enum):
    """What a line is for."""

    REGULAR = "regular"
    RAPID = "rapid"
    NIGHT = "night"
    SIGHTSEEING = "sightseeing"


class Line(Struct, rename="camel"):
    """A bus line, in its one direction."""

    id: str
    name_zh: str
    name_en: str
    kind: LineKind
    fare_fen: Annotated[int, Meta(ge=0)]
    first: Annotated[Clock, Meta(description="The first departure from the first stop.")]
    last: Annotated[Clock, Meta(description="The last; after midnight if it is before the first.")]
    headway_minutes: Annotated[int, Meta(ge=1)]


class _Row(Line, kw_only=True):
    stops: list[tuple[str, int]]  # the stop and its minutes from the first


class _Network(Struct):
    stops: list[Stop]
    lines: list[_Row]


_NETWORK = msgspec.json.decode(Path(__file__).with_name("network.json").read_bytes(), type=_Network)
STOPS = {stop.id: stop for stop in _NETWORK.stops}
LINES = {row.id: msgspec.convert(row, Line, from_attributes=True) for row in _NETWORK.lines}
CALLS = {row.id: row.stops for row in _NETWORK.lines}


class Coming(Struct):
    """A bus on its way to a stop."""

    line: Line
    due: dt.datetime
    started: bool
    stops_away: int
    run: str


def lines_at(stop_id: str) -> list[Line]:
    """List the lines that call at a stop."""
    return [line for line in LINES.values() if any(stop == stop_id for stop, _ in CALLS[line.id])]


def arrivals(stop_id: str, at: dt.datetime, within: dt.timedelta) -> list[Coming]:
    """List the buses that come to a stop, soonest first, those that have not left the first stop included."""
    found = [
        Coming(
            line=line,
            due=departure + dt.timedelta(minutes=minutes),
            started=departure <= at,
            stops_away=_stops_away(line.id, index, departure, at),
            run=run,
        )
        for line in lines_at(stop_id)
        for departure, run in _departures(line, at)
        for index, (stop, minutes) in enumerate(CALLS[line.id])
        if stop == stop_id and at <= departure + dt.timedelta(minutes=minutes) <= at + within
    ]
    return sorted(found, key=lambda coming: coming.due)


def _departures(line: Line, at: dt.datetime) -> Iterator[tuple[dt.datetime, str]]:
    for day in (at.date() - dt.timedelta(days=1), at.date()):
        departure = dt.datetime.combine(day, dt.time.fromisoformat(line.first), at.tzinfo)
        last = dt.datetime.combine(day, dt.time.fromisoformat(line.last), at.tzinfo)
        if line.last < line.first:
            last += dt.timedelta(days=1)
        number = 0
        while departure <= last:
            run = f"{line.id}-{day:%m%d}-{number:03}"
            late = dt.timedelta(seconds=zlib.crc32(run.encode()) % 180)  # traffic: up to three minutes
            yield departure + late, run
            departure += dt.timedelta(minutes=line.headway_minutes)
            number += 1


def _stops_away(line_id: str, index: int, departure: dt.datetime, at: dt.datetime) -> int:
    return sum(1 for _, minutes in CALLS[line_id][:index] if departure + dt.timedelta(minutes=minutes) > at)
