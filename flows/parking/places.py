"""Lots as open data: APDS places (ISO 5206 family) with supply and live demand, read past the ORM."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Meta, Struct

from flows.parking.explaining import Words
from flows.parking.occupancy import Demand, demand_of
from flows.parking.opening import Time
from flows.parking.tables import DayKind, LotKind

OPEN_LOTS = """
    lot.*, o.name_zh AS operator_zh, o.name_en AS operator_en, full_.inside, full_.correction, full_.counted_at
    FROM parking_lot lot JOIN parking_operator o ON o.id = lot.operator_id
    LEFT JOIN parking_occupancy full_ ON full_.lot_id = lot.id
    WHERE lot.closed_at IS NULL AND o.closed_at IS NULL AND
"""
"""The lots that are in use, each with its operator and how full it is: one row a lot, whatever happens in it."""
_PLACES = f"""
    SELECT (SELECT t.id FROM parking_tariff t WHERE t.operator_id = lot.operator_id AND t.code = lot.tariff
        AND t.valid_from <= $4 ORDER BY t.valid_from DESC LIMIT 1) AS rate_id, {OPEN_LOTS}
    ($1::uuid IS NULL OR lot.id > $1)
      AND ($2::float8[] IS NULL OR (lot.longitude BETWEEN $2[1] AND $2[3] AND lot.latitude BETWEEN $2[2] AND $2[4]))
    ORDER BY lot.id LIMIT $3
"""  # noqa: S608 - texts of ours


class Position(Struct, frozen=True):
    """Degrees of WGS 84."""

    latitude: float
    longitude: float


class Operator(Struct, frozen=True):
    """Whoever runs a place."""

    id: str
    name: Words


class OpeningTimes(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Hours of a day, in UTC+8; those that close no later than they open go on into the next day."""

    opens: Time
    closes: Time
    day_kinds: list[DayKind] = []


class Place(Struct, frozen=True, kw_only=True, rename="camel"):
    """A lot. ``supply`` is how many spaces it has, ``rateId`` the version of its tariff that holds now.

    ``district`` is the code of the organisation that it stands in; no ``openingTimes``: nobody has said.
    """

    id: UUID
    code: str
    place_type: LotKind
    name: Words
    address: Words
    location: Position
    operator: Operator
    supply: Annotated[int, Meta(ge=0)]
    demand: Demand
    district: str
    opening_times: list[OpeningTimes]
    rate_id: UUID | None


Box = list[float]
"""West, south, east, north, as in GeoJSON (RFC 7946 section 5)."""


async def places(
    pool: "asyncpg.Pool[asyncpg.Record]", now: datetime, after: UUID | None, box: Box | None, limit: int
) -> list[Place]:
    """Return the places after an id, in a box of the map if one is given."""
    return [_place(row) for row in await pool.fetch(_PLACES, after, box, limit, now)]


def demand_in(row: Any) -> Demand:
    """Return the demand of a row of ``OPEN_LOTS``."""
    return demand_of(row["spaces"], row["inside"], row["correction"], row["counted_at"])


def opening_in(row: Any) -> list[dict[str, Any]]:
    """Return the hours of a row of the database, whose driver leaves JSON as text."""
    found: list[dict[str, Any]] = msgspec.json.decode(row["opening"])
    return found


def _place(row: Any) -> Place:
    return Place(
        id=row["id"],
        code=row["code"],
        place_type=row["kind"],
        name=Words(row["name_zh"], row["name_en"]),
        address=Words(row["address_zh"], row["address_en"]),
        location=Position(row["latitude"], row["longitude"]),
        operator=Operator(row["operator_id"], Words(row["operator_zh"], row["operator_en"])),
        supply=row["spaces"],
        demand=demand_in(row),
        district=row["district"],
        opening_times=[OpeningTimes(**each) for each in opening_in(row)],
        rate_id=row["rate_id"],
    )
