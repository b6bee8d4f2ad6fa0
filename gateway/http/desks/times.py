"""What a door may book: its offices and their services, what is free of its own places, and a hold of one."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta, Struct

from auth.credentials import authenticate
from flows.appointments import holding
from flows.appointments.cases.doors import offices_of
from flows.appointments.cases.looking_up import case_of
from flows.appointments.cases.serving import Served, Wanted, hold_for, sought
from flows.appointments.cases.viewing import Asking, Named, asking_of, named
from flows.appointments.finding import Asked, asked, free_times, service_of, services_of
from flows.appointments.papers.questions import questions_of
from flows.appointments.searching import free_days
from flows.appointments.tables import AppointmentService
from gateway.errors import RequestError
from gateway.http.departments import REFUSALS, AnyRequest, json
from gateway.http.desks.asking import MOST_BYTES, REFERENCE, Code, Desks, IdNumber, Said, read
from gateway.http.refusing import in_words
from kernel.control_characters import has_control
from kernel.database import driver

_T = TypeVar("_T", bound=Struct)
_YEARS = range(2000, 3000)  # those of the day before and after can be told, too
_People = Annotated[int, Meta(ge=1, le=20)]


class Place(Struct, frozen=True, rename="camel"):
    """An office that a door books at, and the codes of the services there."""

    office: Named
    time_zone: str
    services: list[str]


class Offered(Struct, frozen=True, rename="camel"):
    """A service and what it asks."""

    service: Named
    minutes: int
    people: int
    names_all: bool
    documents_zh: list[str]
    documents_en: list[str]
    questions: list[Asking]


class Door(Struct, frozen=True, rename="camel"):
    """Where somebody stands, and what they book from there."""

    channel: str
    offices: list[Place]
    services: list[Offered]


class Doors(Struct, frozen=True, rename="camel"):
    """Where somebody may stand: whether at the hotline, and at the counters of which offices."""

    hotline: bool
    offices: list[Named]


class Days(Said, frozen=True, kw_only=True):
    """Of which service days are wanted, within so many of them."""

    service: Code
    people: _People = 1
    days: Annotated[int, Meta(ge=1, le=60)] = 14
    office: str = ""  # where they stand


class Times(Said, frozen=True, kw_only=True):
    """Of which day times are wanted; ``moving``: the case whose own places are free to it."""

    service: Code
    at: Code
    day: date
    people: _People = 1
    moving: UUID | None = None
    office: str = ""  # where they stand


class Free(Struct, frozen=True, rename="camel"):
    """A time, and how many places it has."""

    starts_at: datetime
    places: int


class ToHold(Said, frozen=True, kw_only=True):
    """A time for a person by their ID number, or for the case that is to be moved."""

    service: Code
    office: Code
    starts_at: Annotated[datetime, Meta(tz=True)]
    people: _People = 1
    id_number: IdNumber | None = None
    moving: UUID | None = None


class Held(Struct, frozen=True, rename="camel"):
    """What is kept until ``expires_at``; ``is_kept`` false: nothing can be kept now, so confirm at once.

    ``by_right``: booking it uses the person's right to book again before others.
    """

    hold: str
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime
    is_kept: bool
    by_right: bool


def time_routes(desks: Desks) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    return [_doors(desks), _door(desks), _days(desks), _times(desks), _hold(desks)]


def _doors(desks: Desks) -> HTTPRouteHandler:
    @get("/desks/doors", exception_handlers=REFUSALS)
    async def doors(request: AnyRequest) -> Response[bytes]:
        """List where whoever asks may stand. Raises CredentialRefusedError."""
        async with desks.platform.database.session() as session:
            asking = await authenticate(session, desks.clock, request.headers.get("authorization", ""))
            actor = f"credential:{asking.key_id}"
            counters = await offices_of(session, desks.clock, actor, "serve_residents")
            hotline = await offices_of(session, desks.clock, actor, "answer_hotline")
            found = Doors(bool(hotline), [named(each) for each in counters])
        return json(found)

    return doors


def _door(desks: Desks) -> HTTPRouteHandler:
    @get("/desks", exception_handlers=REFUSALS)
    async def door(request: AnyRequest) -> Response[bytes]:
        async with desks.serving(request) as served:
            places, services = [], dict[str, AppointmentService]()
            for each in served.door.offices:
                there = await services_of(served.session, each.code)
                services |= {row.code: row for row in there}
                places.append(Place(named(each), each.time_zone, [row.code for row in there]))
            offered = [_offered(served, row) for _, row in sorted(services.items())]
        return json(Door(served.door.channel, places, offered))

    return door


def _offered(served: Served, row: AppointmentService) -> Offered:
    questions = [asking_of(each, None, served.door) for each in questions_of(row.questions)]
    same = {each: getattr(row, each) for each in ("minutes", "people", "names_all", "documents_zh", "documents_en")}
    return Offered(service=named(row), questions=questions, **same)


def _days(desks: Desks) -> HTTPRouteHandler:
    @get("/desks/days", exception_handlers=REFUSALS)
    async def days(request: AnyRequest) -> Response[bytes]:
        wanted = _wanted(request, Days)
        async with desks.serving(request) as served:
            of, now = await service_of(served.session, wanted.service, wanted.people), desks.clock.now()
            until, door = now + timedelta(days=wanted.days), served.door
            connection = await driver(served.session)
            free = await free_days(connection, of, (now, until), people=wanted.people, channel=door.channel)
            offices = {each.code for each in door.offices}
        return json({"days": [each for each in free if each.office in offices]})

    return days


def _times(desks: Desks) -> HTTPRouteHandler:
    @get("/desks/times", exception_handlers=REFUSALS)
    async def times(request: AnyRequest) -> Response[bytes]:
        wanted = _wanted(request, Times)
        if wanted.day.year not in _YEARS:
            raise RequestError("day is out of range", fix=f"Choose one of the years {_YEARS[0]} to {_YEARS[-1]}.")
        async with desks.serving(request) as served:
            served.door.check_books_at(wanted.at)
            of = await _asked(served, wanted)
            places: defaultdict[datetime, int] = defaultdict(int)
            for each in await free_times(served.session, desks.clock, of, of.hours_of(wanted.day)):
                places[each.starts_at] += each.places
        return json({"timeZone": of.office.time_zone, "times": [Free(at, number) for at, number in places.items()]})

    return times


async def _asked(served: Served, wanted: Times) -> Asked:
    of = await asked(served.session, wanted.service, wanted.at, wanted.people, served.door.channel)
    return of.moving(await case_of(served.session, served.door, wanted.moving)) if wanted.moving else of


def _hold(desks: Desks) -> HTTPRouteHandler:
    @post("/desks/holds", status_code=200, request_max_body_size=MOST_BYTES, exception_handlers=REFUSALS)
    async def hold(request: AnyRequest) -> Response[bytes]:
        said = await read(request, ToHold)
        whom = said.id_number or said.moving
        if whom is None or (said.id_number and said.moving):
            raise RequestError("One of idNumber and moving is needed", fix="Send one of them, and not both.")
        if said.starts_at.year not in _YEARS:
            raise RequestError("startsAt is out of range", fix="Choose one of the times that are free.")
        async with desks.serving(request) as served:
            what = await sought(served, whom, Wanted(said.service, said.office, said.starts_at, said.people))
        made = await hold_for(served.desk, what)
        sealed = holding.sealed(served.desk.cipher, made)
        until = made.expires_at.replace(microsecond=0)
        by_right = made.right is not None
        return json(Held(sealed, made.starts_at, made.ends_at, until, made.is_kept, by_right))

    return hold


def _wanted(request: AnyRequest, type_: type[_T]) -> _T:
    """Return what a query asks for. Raises RequestError."""
    given = dict(request.query_params)
    try:
        read_ = msgspec.convert(given, type_, strict=False)
    except msgspec.ValidationError as error:
        raise RequestError(f"The query cannot be read: {in_words(error)}", fix=REFERENCE) from error
    if has_control(given):
        raise RequestError("A text has control characters", fix="Leave them out.")
    return read_
