"""Tariffs as open data: APDS rate tables (ISO 5206 family), and what-if quotes by them.

Amounts are texts in yuan (``"15.00"``), since APDS has decimals and JSON's numbers are none. What APDS has no
names for, such as bands of the day, keeps our own (``tariff_data``).
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from flows.parking.errors import QuoteRefusedError, UnknownLotError
from flows.parking.fees import Line
from flows.parking.tariff import Stay
from flows.parking.tariff_data import Band, Rate, Tariff, read_tariff
from flows.parking.terms import Lot, terms_of
from flows.parking.vehicle_tables import VehicleClass
from kernel.money import Fen, format_yuan

LONGEST = timedelta(days=31)

_RATES = """
    SELECT t.*, lead(valid_from) OVER (PARTITION BY operator_id, code ORDER BY valid_from) AS valid_end
    FROM parking_tariff t
"""
_LISTED = f"""
    SELECT * FROM ({_RATES}) t
    WHERE (valid_end IS NULL OR valid_end > $3) AND ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2
"""  # noqa: S608 - a text of ours


class RateLine(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``flatRateTier``: once for the first minutes of a stay; ``incrementingRate``: for each period that has begun."""

    sequence: int
    rate_line_type: str
    value: str
    duration_end: str | None = None
    increment_period: str | None = None
    name: str
    begin: str  # of its band of the day
    end: str
    max_value: str | None = None


class RateLineCollection(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """The lines for some days and vehicles; what is empty means all."""

    collection_sequence: int
    applicable_currency: str = "CNY"
    day_kinds: list[str] = []
    vehicle_classes: list[str] = []
    area_classes: list[str] = []
    max_value_collection: str | None = None
    rate_lines: list[RateLine]


class RateTable(Struct, frozen=True, kw_only=True, rename="camel"):
    """A version of a tariff, from ``validStart`` for whoever enters until ``validEnd``. ``tariff`` is all of it."""

    id: UUID
    version: int
    rate_code: str
    operator_id: str
    valid_start: datetime
    valid_end: datetime | None
    free_minutes: int
    grace_after_pay_minutes: int
    rate_line_collections: list[RateLineCollection]
    tariff: dict[str, Any]


class WhatIf(Struct, frozen=True, kw_only=True):
    """A stay that is asked about."""

    place_id: UUID
    start: datetime
    end: datetime
    vehicle_class: VehicleClass = "small"
    permit: str = ""


class QuoteView(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What a stay would cost, and when it would next cost more. Nobody is bound by it: a session's own quote counts."""

    place_id: UUID
    rate_id: UUID
    start: datetime
    end: datetime
    currency: str = "CNY"
    total_fen: int
    free: bool = False
    lines: list[Line]
    next_raise: datetime | None = None


async def rate_tables(
    pool: "asyncpg.Pool[asyncpg.Record]", now: datetime, after: UUID | None, limit: int
) -> list[RateTable]:
    """Return the versions that hold or are to come, after an id."""
    return [_table(row) for row in await pool.fetch(_LISTED, after, limit, now)]


async def what_if(pool: "asyncpg.Pool[asyncpg.Record]", asked: WhatIf) -> QuoteView:
    """Return what a stay would cost. Raises UnknownLotError, QuoteRefusedError."""
    if not asked.start <= asked.end <= asked.start + LONGEST:
        problem = "The stay ends before it begins, or is longer than 31 days"
        raise QuoteRefusedError(problem, fix="Ask for another one.")
    async with pool.acquire() as connection:
        row = await connection.fetchrow("SELECT * FROM parking_lot WHERE id = $1 AND closed_at IS NULL", asked.place_id)
        if row is None:
            raise UnknownLotError("There is no such lot", fix="GET /parking/places lists them.")
        lot = Lot.of(row)
        terms = (await terms_of(connection, lot, ())).at(asked.start)
    version = terms.version(asked.start)
    if version is None:
        raise QuoteRefusedError("The lot has no tariff yet", fix="Ask its operator.")
    stay = Stay(
        entered_at=asked.start, vehicle_class=asked.vehicle_class, area_class=terms.lot.area_class, permit=asked.permit
    )
    fee = version.rules.fee(stay, asked.end, terms.holidays)
    return QuoteView(
        place_id=lot.id,
        rate_id=version.id,
        start=asked.start,
        end=asked.end,
        total_fen=fee.total_fen,
        free=fee.free,
        lines=list(fee.lines),
        next_raise=version.rules.next_raise(stay, asked.end, terms.holidays),
    )


def _table(row: Any) -> RateTable:
    data = row["data"] if isinstance(row["data"], dict) else msgspec.json.decode(row["data"])
    tariff: Tariff = read_tariff(data)
    return RateTable(
        id=row["id"],
        version=row["version"],
        rate_code=row["code"],
        operator_id=row["operator_id"],
        valid_start=row["valid_from"],
        valid_end=row["valid_end"],
        free_minutes=tariff.free.minutes,
        grace_after_pay_minutes=tariff.grace_after_pay_minutes,
        rate_line_collections=[_collection(number, rate) for number, rate in enumerate(tariff.rates, 1)],
        tariff=data,
    )


def _collection(number: int, rate: Rate) -> RateLineCollection:
    lines = [line for band in rate.bands for line in _lines(band)]
    return RateLineCollection(
        collection_sequence=number,
        day_kinds=list(rate.day_kinds),
        vehicle_classes=list(rate.vehicle_classes),
        area_classes=list(rate.area_classes),
        max_value_collection=_yuan(rate.cap_fen),
        rate_lines=[msgspec.structs.replace(line, sequence=place) for place, line in enumerate(lines, 1)],
    )


def _lines(band: Band) -> list[RateLine]:
    of_day = {"sequence": 0, "name": band.name, "begin": band.begin, "end": band.end}
    unit = RateLine(
        **of_day,  # type: ignore[arg-type]  # names and times
        rate_line_type="incrementingRate",
        value=format_yuan(Fen(band.unit.fen)),
        increment_period=f"PT{band.unit.minutes}M",
        max_value=_yuan(band.cap_fen),
    )
    if band.first is None:
        return [unit]
    first = RateLine(
        **of_day,  # type: ignore[arg-type]  # names and times
        rate_line_type="flatRateTier",
        value=format_yuan(Fen(band.first.fen)),
        duration_end=f"PT{band.first.minutes}M",
    )
    return [first, unit]


def _yuan(fen: int | None) -> str | None:
    return None if fen is None else format_yuan(Fen(fen))
