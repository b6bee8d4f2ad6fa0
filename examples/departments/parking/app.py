"""The parking operator's HTTP API. Its document, ``openapi.yaml`` (OpenAPI 3.1), is generated from this file."""

import datetime as dt
from typing import Annotated

from litestar import Litestar, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Server
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter
from msgspec import Meta, Struct

from examples.departments.parking.lots import LOTS, TARIFFS, Lot, Position, distance_m, free_bays
from examples.departments.parking.tariff import Charge, Tariff, charge
from examples.departments.server import ASSERTED, ProblemError, application, needs, now, problems

PLATE = "^[\u4e00-\u9fa5][A-Z][A-Z0-9]{5,6}$"  # a province's character, a city's letter, five or (electric cars) six
Plate = Annotated[str, Meta(pattern=PLATE, examples=["云A8K216"])]


class Occupancy(Struct):
    """How full a lot is."""

    free: Annotated[int, Meta(ge=0)]
    bays: Annotated[int, Meta(ge=1)]
    updated_at: dt.datetime


class NearbyLot(Struct):
    """A lot and how far away it is."""

    lot: Lot
    distance_m: Annotated[int, Meta(ge=0)]
    occupancy: Occupancy


class Session(Struct):
    """A car that is parked now."""

    plate: Plate
    lot: Lot
    entered_at: dt.datetime
    charge_until_now: Charge


class Arrival(Struct):
    """A car that drives in."""

    plate: Plate
    lot_id: str


class QuoteRequest(Struct):
    """A stay that is planned."""

    lot_id: str
    arrive: dt.datetime
    leave: dt.datetime


class Quote(Struct):
    """What a planned stay costs."""

    lot: Lot
    tariff: Tariff
    charge: Charge


def _lot(lot_id: str) -> Lot:
    if lot := LOTS.get(lot_id):
        return lot
    raise ProblemError(f"There is no lot {lot_id}; GET /lots lists them.", status_code=404)


def _occupancy(lot: Lot) -> Occupancy:
    at = now()
    return Occupancy(free_bays(lot, at), lot.bays, at.replace(second=0, microsecond=0))


def _session(plate: str, state: State) -> Session:
    lot_id, entered_at = state.entries[plate]
    return Session(plate, LOTS[lot_id], entered_at, charge(TARIFFS[lot_id], entered_at, now()))


@get("/lots", operation_id="listLots", tags=["lots"], responses=problems())
async def list_lots(
    latitude: Annotated[float | None, QueryParameter(ge=-90, le=90, description="WGS 84")] = None,
    longitude: Annotated[float | None, QueryParameter(ge=-180, le=180, description="WGS 84")] = None,
    radius_m: Annotated[
        int, QueryParameter(ge=100, le=50_000, description="Around the point, if one is given.")
    ] = 3000,
    limit: Annotated[int, QueryParameter(ge=1, le=50)] = 10,
) -> list[NearbyLot]:
    """Find lots near a point, nearest first; without a point the whole city, from People's Square."""
    centred = latitude is not None and longitude is not None
    here = Position(latitude or 0, longitude or 0) if centred else LOTS["L001"].position
    found = sorted(((distance_m(here, lot.position), lot) for lot in LOTS.values()), key=lambda pair: pair[0])
    return [
        NearbyLot(lot, distance, _occupancy(lot)) for distance, lot in found if not centred or distance <= radius_m
    ][:limit]


@get("/lots/{lot_id:str}", operation_id="getLot", tags=["lots"], responses=problems(not_found="No such lot."))
async def get_lot(lot_id: Annotated[str, PathParameter(description="For instance L001.")]) -> Lot:
    """Read one lot."""
    return _lot(lot_id)


@get(
    "/lots/{lot_id:str}/occupancy",
    operation_id="getOccupancy",
    tags=["lots"],
    responses=problems(not_found="No such lot."),
)
async def get_occupancy(lot_id: FromPath[str]) -> Occupancy:
    """Count the free bays."""
    return _occupancy(_lot(lot_id))


@get("/lots/{lot_id:str}/tariff", operation_id="getTariff", tags=["lots"], responses=problems(not_found="No such lot."))
async def get_tariff(lot_id: FromPath[str]) -> Tariff:
    """Read what parking costs."""
    return TARIFFS[_lot(lot_id).id]


@get(
    "/sessions/{plate:str}",
    operation_id="getSession",
    tags=["sessions"],
    responses=problems(
        not_found="The car is in none of our lots.", forbidden="Another resident has parked it.", **ASSERTED
    ),
    guards=[needs("L1")],
)
async def get_session(
    plate: Annotated[str, PathParameter(pattern=PLATE)], state: State, resident: NamedDependency[str]
) -> Session:
    """Find a parked car by its number plate, with what it owes now.

    A car that came in at the barrier is nobody's account's: whoever knows its plate may ask.
    """
    if plate not in state.entries:
        raise ProblemError(f"{plate} is in none of our lots.", status_code=404)
    if state.residents.get(plate, resident) != resident:
        raise ProblemError(f"{plate} was parked by another resident.", status_code=403)
    return _session(plate, state)


@post(
    "/sessions",
    operation_id="startSession",
    tags=["sessions"],
    responses=problems(not_found="No such lot.", conflict="The car is in one of our lots already.", **ASSERTED),
    guards=[needs("L1")],
)
async def start_session(data: JSONBody[Arrival], state: State, resident: NamedDependency[str]) -> Session:
    """Let a car in."""
    lot, entries = _lot(data.lot_id), state.entries
    if data.plate in entries:
        raise ProblemError(f"{data.plate} is parked in one of our lots already.", status_code=409)
    entries[data.plate] = (lot.id, now())
    state.residents[data.plate] = resident
    return _session(data.plate, state)


@post(
    "/quotes",
    operation_id="createQuote",
    tags=["quotes"],
    status_code=200,
    responses=problems(not_found="No such lot."),
)
async def create_quote(data: JSONBody[QuoteRequest]) -> Quote:
    """Work out what a stay will cost."""
    lot = _lot(data.lot_id)
    if data.arrive.utcoffset() is None or data.leave.utcoffset() is None:
        raise ProblemError("arrive and leave need a UTC offset, such as +08:00.", status_code=400)
    if data.leave < data.arrive:
        raise ProblemError("leave is before arrive.", status_code=400)
    tariff = TARIFFS[lot.id]
    return Quote(lot, tariff, charge(tariff, data.arrive, data.leave))


OPENAPI = OpenAPIConfig(
    title="云州停车 Yunzhou Parking",
    version="2.3.0",
    description="Car parks of Yunzhou City Parking: free bays, tariffs, sessions and quotes. Amounts are in fen.",
    servers=[Server(url="http://127.0.0.1:9101")],
    use_handler_docstrings=True,
)


def build() -> Litestar:
    """Build the application with a few cars parked."""
    app = application(
        [list_lots, get_lot, get_occupancy, get_tariff, get_session, start_session, create_quote], OPENAPI
    )
    parked = {"云A8K216": ("L001", 95), "云AD05678": ("L002", 22), "云C7M330": ("L006", 41), "云A00001": ("L003", 1630)}
    app.state.residents = {}
    app.state.entries = {
        plate: (lot_id, now().replace(microsecond=0) - dt.timedelta(minutes=minutes))
        for plate, (lot_id, minutes) in parked.items()
    }
    return app
