"""The marriage registry's HTTP API. Its document, ``openapi.yaml`` (OpenAPI 3.0), is kept by hand beside it."""

import datetime as dt
import enum
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from litestar import Litestar, Response, delete, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta, Struct

from examples.departments.marriage.calendar import DAYS_AHEAD, Slot, is_open, slots
from examples.departments.server import CITY_TIME, ProblemError, application, needs, now

District = Literal["yunqiao", "yunze", "yundu"]


class Office(Struct, rename="camel"):
    """A registry office."""

    office_id: str
    name_zh: str
    name_en: str
    district: District
    address_zh: str
    address_en: str
    phone: str
    counters: int
    hall: bool
    metro: str | None
    latitude: float
    longitude: float


OFFICES = {
    office.office_id: office
    for office in msgspec.json.decode(Path(__file__).with_name("offices.json").read_bytes(), type=list[Office])
}


class OfficePage(Struct):
    """A page of offices."""

    total: int
    items: list[Office]


class Day(Struct, rename="camel"):
    """A day at an office."""

    date: dt.date
    open: bool
    free_slots: int


class Service(enum.Enum):
    """What a couple comes for."""

    MARRIAGE = "marriage-registration"
    REISSUE = "certificate-reissue"


class Applicant(Struct, rename="camel"):
    """One of the two."""

    name: Annotated[str, Meta(min_length=1, max_length=60)]
    id_last4: Annotated[str, Meta(pattern="^[0-9]{3}[0-9X]$")]


class BookingRequest(Struct, rename="camel"):
    """A slot for two people."""

    slot_id: str
    applicants: Annotated[list[Applicant], Meta(min_length=2, max_length=2)]
    phone: Annotated[str, Meta(pattern="^1[0-9]{10}$")]
    service: Service = Service.MARRIAGE
    ceremony: bool = False


class Booking(Struct, rename="camel"):
    """A slot that is taken."""

    booking_id: str
    service: Service
    office: Office
    slot: Slot
    ceremony: bool
    state: str
    documents_to_bring: list[str]


DOCUMENTS = {
    Service.MARRIAGE: [
        "居民身份证 / Identity cards",
        "户口簿 / Household registers",
        "三张二寸合影 / Three photos of both",
    ],
    Service.REISSUE: ["居民身份证 / Identity cards", "户口簿 / Household registers"],
}


def _office(office_id: str) -> Office:
    if office := OFFICES.get(office_id):
        return office
    raise ProblemError(f"There is no office {office_id}; GET /offices lists them.", status_code=404)


def _slots(office: Office, day: dt.date, state: State) -> list[Slot]:
    open_now = [slot for slot in slots(office.office_id, office.counters, day, state.booked) if slot.start > now()]
    return open_now if day <= now().date() + dt.timedelta(days=DAYS_AHEAD) else []


def _slot(slot_id: str, state: State) -> tuple[Office, Slot]:
    office_id, _, rest = slot_id.partition("-")
    try:
        day = dt.datetime.strptime(rest[:8], "%Y%m%d").replace(tzinfo=CITY_TIME).date()
    except ValueError:
        raise ProblemError(f"{slot_id} is not a slot's id.", status_code=404) from None
    office = _office(office_id)
    for slot in _slots(office, day, state):
        if slot.slot_id == slot_id:
            return office, slot
    raise ProblemError(f"There is no slot {slot_id}, or it is over.", status_code=404)


@get("/offices")
async def list_offices(
    district: FromQuery[District | None] = None,
    page: Annotated[int, QueryParameter(ge=1)] = 1,
    page_size: Annotated[int, QueryParameter(name="pageSize", ge=1, le=100)] = 20,
) -> OfficePage:
    """List the registry offices."""
    found = [office for office in OFFICES.values() if district in (None, office.district)]
    return OfficePage(len(found), found[(page - 1) * page_size : page * page_size])


@get("/offices/{office_id:str}")
async def get_office(office_id: FromPath[str]) -> Office:
    """Read one office."""
    return _office(office_id)


@get("/offices/{office_id:str}/days")
async def list_days(
    office_id: FromPath[str],
    state: State,
    start: Annotated[dt.date | None, QueryParameter(name="from")] = None,
    days: Annotated[int, QueryParameter(ge=1, le=31)] = 14,
) -> list[Day]:
    """Say on which days slots are free."""
    office, first = _office(office_id), start or now().date()
    dates = [first + dt.timedelta(days=number) for number in range(days)]
    return [Day(date, is_open(date), sum(slot.free for slot in _slots(office, date, state))) for date in dates]


@get("/offices/{office_id:str}/days/{date:date}/slots")
async def list_slots(office_id: FromPath[str], date: FromPath[dt.date], state: State) -> list[Slot]:
    """List the slots of a day that are not over."""
    return _slots(_office(office_id), date, state)


@post("/bookings", guards=[needs("L3")])
async def create_booking(
    data: JSONBody[BookingRequest], state: State, resident: NamedDependency[str]
) -> Response[Booking]:
    """Book a slot for two people."""
    office, slot = _slot(data.slot_id, state)
    if data.ceremony and not office.hall:
        raise ProblemError(f"Office {office.office_id} has no hall for a ceremony.", status_code=409)
    if not slot.free:
        raise ProblemError(f"Slot {slot.slot_id} is full; choose another.", status_code=409)
    slot.free -= 1
    state.booked[slot.slot_id] = state.booked.get(slot.slot_id, 0) + 1
    booking = Booking(
        booking_id=f"HY{now():%y%m%d}{len(state.bookings) + 1:04}",
        service=data.service,
        office=office,
        slot=slot,
        ceremony=data.ceremony,
        state="booked",
        documents_to_bring=DOCUMENTS[data.service],
    )
    state.bookings[booking.booking_id] = booking
    state.residents[booking.booking_id] = resident
    return Response(booking, status_code=201, headers={"location": f"/bookings/{booking.booking_id}"})


def _booking(booking_id: str, state: State, resident: str) -> Booking:
    """Return a resident's own booking; another's is told from none at all by nobody."""
    found: Booking | None = state.bookings.get(booking_id)
    if found is None or state.residents[booking_id] != resident:
        raise ProblemError(f"There is no booking {booking_id}.", status_code=404)
    return found


@get("/bookings/{booking_id:str}", guards=[needs("L3")])
async def get_booking(booking_id: FromPath[str], state: State, resident: NamedDependency[str]) -> Booking:
    """Read a booking."""
    return _booking(booking_id, state, resident)


@delete("/bookings/{booking_id:str}", guards=[needs("L3")])
async def cancel_booking(booking_id: FromPath[str], state: State, resident: NamedDependency[str]) -> None:
    """Cancel a booking."""
    booking = _booking(booking_id, state, resident)
    if booking.state != "cancelled":
        booking.state = "cancelled"
        state.booked[booking.slot.slot_id] -= 1


def build() -> Litestar:
    """Build the application without bookings."""
    app = application(
        [list_offices, get_office, list_days, list_slots, create_booking, get_booking, cancel_booking], None
    )
    app.state.booked, app.state.bookings, app.state.residents = {}, {}, {}
    return app
