"""The bus company's HTTP API. Its document, ``openapi.json`` (OpenAPI 3.1), is generated from this file."""

import datetime as dt
import enum
import zlib
from typing import Annotated

from litestar import Litestar, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Server
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter
from msgspec import Meta, Struct
from msgspec.structs import asdict

from examples.departments.bus.timetable import CALLS, LINES, STOPS, Coming, Line, Stop, arrivals, lines_at
from examples.departments.server import ASSERTED, ProblemError, application, needs, now, problems

HORIZON = dt.timedelta(hours=1)
StopId = Annotated[str, PathParameter(description="For instance S03.")]


class Crowding(enum.Enum):
    """How full a bus is."""

    SEATS = "seats-free"
    STANDING = "standing-room"
    FULL = "full"


class Vehicle(Struct, rename="camel"):
    """The bus itself."""

    number: str
    low_floor: bool
    crowding: Crowding


class Arrival(Struct, rename="camel"):
    """A bus that comes to a stop."""

    line: Line
    destination: Stop
    due_at: dt.datetime
    minutes: Annotated[int, Meta(ge=0)]
    stops_away: Annotated[int, Meta(ge=0)]
    vehicle: Annotated[Vehicle | None, Meta(description="Null until the bus has left its first stop.")]


class Board(Struct):
    """The board at a stop."""

    stop: Stop
    at: dt.datetime
    arrivals: list[Arrival]


class StopWithLines(Stop, kw_only=True):
    """A stop and what calls there."""

    lines: list[Line]


class Call(Struct, rename="camel"):
    """A line at one of its stops."""

    stop: Stop
    minutes_from_first: Annotated[int, Meta(ge=0)]


class LineWithStops(Line, kw_only=True):
    """A line and its stops in their order."""

    stops: list[Call]


class LostItem(Struct, rename="camel"):
    """Something that was left on a bus."""

    line_id: str
    date: dt.date
    description: Annotated[str, Meta(min_length=1, max_length=500)]
    phone: Annotated[str, Meta(pattern="^1[0-9]{10}$")]


class LostItemReport(Struct, rename="camel"):
    """A report and what has become of it."""

    report_id: str
    line: Line
    date: dt.date
    description: str
    found: bool


def _stop(stop_id: str) -> Stop:
    if stop := STOPS.get(stop_id):
        return stop
    raise ProblemError(f"There is no stop {stop_id}; GET /api/stops lists them.", status_code=404)


def _line(line_id: str) -> Line:
    if line := LINES.get(line_id):
        return line
    raise ProblemError(f"There is no line {line_id}; GET /api/lines lists them.", status_code=404)


def _arrival(coming: Coming, at: dt.datetime) -> Arrival:
    number = zlib.crc32(coming.run.encode())
    vehicle = Vehicle(f"云A{number % 90000 + 10000}D", number % 3 > 0, list(Crowding)[number % 3])
    return Arrival(
        line=coming.line,
        destination=STOPS[CALLS[coming.line.id][-1][0]],
        due_at=coming.due.replace(microsecond=0),
        minutes=int((coming.due - at).total_seconds()) // 60,
        stops_away=coming.stops_away,
        vehicle=vehicle if coming.started else None,
    )


@get("/stops", operation_id="listStops", responses=problems())
async def list_stops(
    q: Annotated[str, QueryParameter(description="A part of the name, in Chinese or English.")] = "",
) -> list[Stop]:
    """Find stops by name."""
    return [stop for stop in STOPS.values() if q.lower() in f"{stop.name_zh}\n{stop.name_en}".lower()]


@get("/stops/{stop_id:str}", operation_id="getStop", responses=problems(not_found="No such stop."))
async def get_stop(stop_id: StopId) -> StopWithLines:
    """Read a stop and which lines call there."""
    stop = _stop(stop_id)
    return StopWithLines(**asdict(stop), lines=lines_at(stop_id))


@get("/stops/{stop_id:str}/arrivals", operation_id="getArrivals", responses=problems(not_found="No such stop."))
async def get_arrivals(
    stop_id: StopId,
    line: Annotated[str | None, QueryParameter(description="Only this line.")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=30)] = 5,
) -> Board:
    """Read the board at a stop: what comes within the hour."""
    stop, at = _stop(stop_id), now()
    coming = [each for each in arrivals(stop_id, at, HORIZON) if line in (None, each.line.id)]
    return Board(stop, at.replace(microsecond=0), [_arrival(each, at) for each in coming[:limit]])


@get("/lines", operation_id="listLines", responses=problems())
async def list_lines() -> list[Line]:
    """List the lines."""
    return list(LINES.values())


@get("/lines/{line_id:str}", operation_id="getLine", responses=problems(not_found="No such line."))
async def get_line(line_id: Annotated[str, PathParameter(description="For instance 7 or B2.")]) -> LineWithStops:
    """Read a line with its stops."""
    line = _line(line_id)
    calls = [Call(STOPS[stop], minutes) for stop, minutes in CALLS[line.id]]
    return LineWithStops(**asdict(line), stops=calls)


@post(
    "/lost-items",
    operation_id="reportLostItem",
    responses=problems(not_found="No such line.", **ASSERTED),
    guards=[needs("L1")],
)
async def report_lost_item(data: JSONBody[LostItem], state: State, resident: NamedDependency[str]) -> LostItemReport:
    """Report something that was left on a bus."""
    report = LostItemReport(
        f"LI{len(state.reports) + 1:05}", _line(data.line_id), data.date, data.description, found=False
    )
    state.reports[report.report_id] = report
    state.residents[report.report_id] = resident  # who is told when it is found
    return report


@get("/lost-items/{report_id:str}", operation_id="getLostItem", responses=problems(not_found="No such report."))
async def get_lost_item(report_id: FromPath[str], state: State) -> LostItemReport:
    """Read what has become of a report."""
    found: LostItemReport | None = state.reports.get(report_id)
    if found is None:
        raise ProblemError(f"There is no report {report_id}.", status_code=404)
    return found


OPENAPI = OpenAPIConfig(
    title="云州公交 Yunzhou Bus",
    version="5.1.2",
    description="Stops, lines and arrivals of Yunzhou Bus. Times carry the city's offset, fares are in fen.",
    servers=[Server(url="http://127.0.0.1:9104")],
    use_handler_docstrings=True,
)


def build() -> Litestar:
    """Build the application without reports."""
    routes = [list_stops, get_stop, get_arrivals, list_lines, get_line, report_lost_item, get_lost_item]
    app = application([Router("/api", route_handlers=routes)], OPENAPI)
    app.state.reports, app.state.residents = {}, {}
    return app
