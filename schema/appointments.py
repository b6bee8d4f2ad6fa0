"""``appointmentServices``, ``appointmentOffices``, ``appointmentTimes``: what can be booked, where and when."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Any, cast

import strawberry
from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.policies import PUBLIC, refusal
from flows.appointments.finding import Asked, asked, free_times, offices_for, own_booking, service_of, services_of
from flows.appointments.searching import free_days
from flows.appointments.tables import AppointmentService
from flows.codes.distance import apart, position_of
from kernel.clock import Clock
from kernel.database import driver
from schema.appointment_case import QuestionShown, shown_questions
from schema.caller import caller, token_of
from schema.context import Context, Info
from schema.errors import ArgumentRefusedError
from schema.position import PositionGiven
from schema.scalars import DateTimeText, line, text
from schema.ways_in import uuid
from supergraph.slice import Access

POLICIES = {
    "Query.appointmentServices": PUBLIC,
    "Query.appointmentOffices": PUBLIC,
    "Query.appointmentTimes": PUBLIC,
    "AppointmentService": PUBLIC,
    "AppointmentOffice": PUBLIC,
    "AppointmentDay": PUBLIC,
    "AppointmentTime": PUBLIC,
}

_SAME = (
    "name_zh",
    "name_en",
    "department",
    "minutes",
    "further_minutes",
    "people",
    "names_all",
    "level",
    "days",
    "lead_minutes",
    "cancel_minutes",
    "documents_zh",
    "documents_en",
    "draw_seconds",
)
_OFFICES = """
    SELECT code, name_zh, name_en, address_zh, address_en, phone, latitude, longitude, time_zone FROM appointment_office
    WHERE code = ANY ($1::text[]) ORDER BY code
"""
_MOST_DAYS = 60
_MOST_OFFICES = 500
_YEARS = range(2000, 3000)  # those of the day before and after can be told, too

AlsoFull = Annotated[bool, strawberry.argument(description="Those without anything free, too.")]
Moving = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="An appointment of the caller's that is to be moved: its places are free to it."),
]
Rebooking = Annotated[
    bool,
    strawberry.argument(description="With the places of those who may book before others (`rebookRights`)."),
]
People = Annotated[int, strawberry.argument(description="How many come together: they need more time.")]


@strawberry.type(name="AppointmentService", description="Something that people come for.")
class ServiceShown:
    """A service."""

    code: strawberry.ID
    name_zh: str
    name_en: str
    department: str
    minutes: int = strawberry.field(description="How long it takes for one person.")
    further_minutes: int = strawberry.field(description="For each one more.")
    people: int = strawberry.field(description="So many may come together.")
    names_all: bool = strawberry.field(description="Whether all of them are to be named as `companions`.")
    level: str = strawberry.field(description="The assurance level that whoever books needs.")
    days: int = strawberry.field(description="So many days ahead a day is released for booking.")
    release_at: str = strawberry.field(description="At this hour of the office's day, HH:MM.")
    lead_minutes: int = strawberry.field(description="The last booking is so long before.")
    cancel_minutes: int = strawberry.field(description="Until so long before it can be cancelled or moved.")
    documents_zh: list[str] = strawberry.field(description="What to bring.")
    documents_en: list[str] = strawberry.field(description="The same in English; none where nobody has said it.")
    draw_seconds: int = strawberry.field(description="Who comes within so many seconds of a release is let in by lot.")
    questions: list[QuestionShown] = strawberry.field(description="What it asks of whoever books it.")


@strawberry.type(name="AppointmentDay", description="A day of an office.")
class DayShown:
    """What is shown of a ``FreeDay``, which stands in its place: a search finds thousands of them."""

    day: str = strawberry.field(description="YYYY-MM-DD, as the office counts.")
    first: DateTimeText = strawberry.field(description="The first time that is free.")
    times: int = strawberry.field(description="How many times are free, of each window or officer.")


@strawberry.type(name="AppointmentOffice", description="Where people come.")
class OfficeShown:
    """An office."""

    code: strawberry.ID
    name_zh: str
    name_en: str
    address_zh: str
    address_en: str
    phone: str = strawberry.field(description="Its telephone; empty if it has said none.")
    latitude: float = strawberry.field(description="WGS 84.")
    longitude: float
    time_zone: str
    metres: int | None = strawberry.field(description="How far away it is, if `near` was given.")
    days: list[DayShown] = strawberry.field(description="The days on which something is free.")


@strawberry.type(name="AppointmentTime", description="A time that is free now; who wants it holds it.")
class TimeShown:
    """A time."""

    starts_at: DateTimeText
    places: int


@strawberry.type
class AppointmentQueries:
    """The part of ``Query`` that this file is for."""

    @strawberry.field(description="Services that take appointments; with `office`, those of that office.")  # type: ignore[untyped-decorator]  # strawberry's
    async def appointment_services(self, info: Info, office: str = "") -> list[ServiceShown] | None:
        async with info.context.platform.database.snapshot() as session:
            return [_service(each) for each in await services_of(session, line(office, "office"))]

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="Offices for a service that have something free within so many days, with `near` the nearest first."
    )
    async def appointment_offices(  # noqa: PLR0913, PLR0917 - GraphQL names them
        self,
        info: Info,
        service: str,
        near: PositionGiven | None = None,
        days: int = 14,
        people: People = 1,
        first: int = 50,
        *,
        also_full: AlsoFull = False,
    ) -> list[OfficeShown] | None:
        if not 1 <= days <= _MOST_DAYS or not 1 <= first <= _MOST_OFFICES:
            fix = f"Ask for 1 to {_MOST_DAYS} days and 1 to {_MOST_OFFICES} offices."
            raise ArgumentRefusedError("days or first is out of range", fix=fix)
        here = None if near is None else position_of(near.latitude, near.longitude)
        platform = info.context.platform
        now = platform.environment.clock.now()
        async with platform.database.snapshot() as session:
            of = await service_of(session, line(service, "service"), people)
            free = await free_days(await driver(session), of, (now, now + timedelta(days=days)), people=people)
            by_office = {office: [*found] for office, found in groupby(free, attrgetter("office"))}
            codes = {*by_office, *(await offices_for(session, of.code) if also_full else ())}
            rows = await (await driver(session)).fetch(_OFFICES, [*codes])
        away = {row["code"]: apart(position_of(row["latitude"], row["longitude"]), here) for row in rows}
        nearest = sorted(rows, key=lambda row: away[row["code"]] or 0)[:first]
        return [
            OfficeShown(
                **dict(row), metres=away[row["code"]], days=cast("list[DayShown]", by_office.get(row["code"], []))
            )
            for row in nearest
        ]

    @strawberry.field(description="The times of a service that are free at an office on a day, such as 2027-01-01.")  # type: ignore[untyped-decorator]  # strawberry's
    async def appointment_times(  # noqa: PLR0913, PLR0917 - GraphQL names them
        self,
        info: Info,
        service: str,
        office: str,
        day: str,
        people: People = 1,
        moving: Moving = None,
        rebooking: Rebooking = False,  # noqa: FBT002 - GraphQL names it
    ) -> list[TimeShown] | None:
        platform = info.context.platform
        async with platform.database.snapshot() as session:
            of = await asked(session, line(service, "service"), line(office, "office"), people)
            if moving is not None:
                of = await moved_from(session, info.context, of, moving)
            clock, on = platform.environment.clock, day_of(day)
            places = await _places(session, clock, of, on)
            if rebooking:
                others = await _places(session, clock, replace(of, channel="priority"), on)
                places = {at: max(places.get(at, 0), others.get(at, 0)) for at in sorted(places | others)}
        return [TimeShown(starts_at=text(at), places=number) for at, number in places.items()]


async def _places(session: AsyncSession, clock: Clock, of: Asked, day: date) -> dict[datetime, int]:
    places: defaultdict[datetime, int] = defaultdict(int)
    for each in await free_times(session, clock, of, of.hours_of(day)):
        places[each.starts_at] += each.places
    return places


async def moved_from(session: AsyncSession, context: Context, of: Asked, moving: str) -> Asked:
    """Return what is asked for as whoever moves an appointment of theirs. Raises UnknownBookingError."""
    owner = await caller(session, context)
    return of.moving(await own_booking(session, owner.account_id, uuid(moving, "moving")))


def _service(row: AppointmentService) -> ServiceShown:
    same = {each: getattr(row, each) for each in _SAME}
    hour, minute = divmod(row.release_minute, 60)
    return ServiceShown(
        code=strawberry.ID(row.code), release_at=f"{hour:02}:{minute:02}", questions=shown_questions(row), **same
    )


def check_level(context: Context, level: Any) -> None:
    """Refuse whoever is not known well enough for a service of this assurance level. Raises AssuranceTooLowError."""
    if (refused := refusal(Access(level), token_of(context))) is not None:
        raise refused


def day_of(given: str) -> date:
    """Read an argument's day. Raises ArgumentRefusedError."""
    try:
        read = date.fromisoformat(given)
    except ValueError as error:
        raise ArgumentRefusedError("day is no day", fix="Write it like 2027-01-01.") from error
    check_year(read, "day")
    return read


def check_year(at: date, name: str) -> None:
    """Refuse what no calendar here reaches. Raises ArgumentRefusedError."""
    if at.year not in _YEARS:
        raise ArgumentRefusedError(
            f"{name} is out of range", fix=f"Choose one of the years {_YEARS[0]} to {_YEARS[-1]}."
        )
