"""Lots as open data: APDS places (ISO 5206 family) with supply and live demand, read past the ORM."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from msgspec import Meta, Struct

from flows.parking.explaining import Words
from flows.parking.occupancy import Demand, demand_of
from flows.parking.tables import LotKind

_PLACES = """
    SELECT lot.*, o.name_zh AS operator_zh, o.name_en AS operator_en, full_.inside, full_.correction, full_.counted_at,
        (SELECT t.id FROM parking_tariff t WHERE t.operator_id = lot.operator_id AND t.code = lot.tariff
         AND t.valid_from <= $4 ORDER BY t.valid_from DESC LIMIT 1) AS rate_id
    FROM parking_lot lot JOIN parking_operator o ON o.id = lot.operator_id
    LEFT JOIN parking_occupancy full_ ON full_.lot_id = lot.id
    WHERE lot.closed_at IS NULL AND o.closed_at IS NULL AND ($1::uuid IS NULL OR lot.id > $1)
      AND ($2::float8[] IS NULL OR (lot.longitude BETWEEN $2[1] AND $2[3] AND lot.latitude BETWEEN $2[2] AND $2[4]))
    ORDER BY lot.id LIMIT $3
"""


class Position(Struct, frozen=True):
    """Degrees of WGS 84."""

    latitude: float
    longitude: float


class Operator(Struct, frozen=True):
    """Whoever runs a place."""

    id: str
    name: Words


class Place(Struct, frozen=True, kw_only=True, rename="camel"):
    """A lot. ``supply`` is how many spaces it has, ``rateId`` the version of its tariff that holds now."""

    id: UUID
    code: str
    place_type: LotKind
    name: Words
    address: Words
    location: Position
    operator: Operator
    supply: Annotated[int, Meta(ge=0)]
    demand: Demand
    rate_id: UUID | None


Box = list[float]
"""West, south, east, north, as in GeoJSON (RFC 7946 section 5)."""


async def places(
    pool: "asyncpg.Pool[asyncpg.Record]", now: datetime, after: UUID | None, box: Box | None, limit: int
) -> list[Place]:
    """Return the places after an id, in a box of the map if one is given."""
    return [_place(row) for row in await pool.fetch(_PLACES, after, box, limit, now)]


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
        demand=demand_of(*(row[name] for name in ("spaces", "inside", "correction", "counted_at"))),
        rate_id=row["rate_id"],
    )
