"""Lots near a place, with how many bays are free and what a stay there costs; read past the ORM.

Free bays are those of the lot's demand (``occupancy``): what its operator has counted, and the sessions since.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from math import cos, radians
from typing import Any, Self
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from flows.codes.distance import Position, metres
from flows.parking.explaining import Words, tariff_words
from flows.parking.fees import Fee
from flows.parking.holidays import Holidays
from flows.parking.opening import Hours, is_open
from flows.parking.places import OPEN_LOTS, demand_in, opening_in
from flows.parking.tables import DayKind
from flows.parking.tariff import Stay
from flows.parking.terms import Lot, Terms, terms_of
from kernel.clock import CHINA

RADIUS_METRES = 5000
_NO_HOLIDAYS = Holidays({})
_METRES_OF_A_DEGREE = 111_195
_MOST = 500  # lots within the radius that are looked at: more than any district's centre has

# A district's lots are those of the towns and villages below it, too. Of the hours there are few, however many lots.
_WANTED = """
    ($1 = '' OR lot.district = $1 OR lot.district IN (
        SELECT below.code FROM organisation d JOIN organisation below
            ON below.path > d.path || '/' AND below.path < d.path || '0' WHERE d.code = $1))
    AND ($2::text[] IS NULL OR (lot.holiday_region, lot.opening::text) IN (SELECT * FROM unnest($2, $3::text[])))
"""
_IDS = f"""
    SELECT lot.id, lot.latitude, lot.longitude
    FROM parking_lot lot JOIN parking_operator o ON o.id = lot.operator_id
    WHERE lot.closed_at IS NULL AND o.closed_at IS NULL AND {_WANTED}
        AND lot.latitude BETWEEN $4 AND $5 AND lot.longitude BETWEEN $6 AND $7 LIMIT {_MOST}
"""  # noqa: S608 - texts of ours
_HOURS = """
    SELECT DISTINCT holiday_region, opening::text AS opening FROM parking_lot
    WHERE closed_at IS NULL AND opening <> '[]'
"""
_HOLIDAYS = "SELECT region, day, kind FROM parking_holiday WHERE day BETWEEN $1 AND $2"


class LotView(Struct, frozen=True, kw_only=True):
    """A lot as everybody may see it. ``metres`` from where it was asked for."""

    row: Any
    free: int
    metres: int | None = None

    @property
    def id(self) -> UUID:
        return UUID(int=self.row["id"].int)


class Price(Struct, frozen=True):
    """What a stay costs that begins at a moment, and the tariff in words."""

    fee: Fee
    words: Words


class Wanted(Struct, frozen=True, kw_only=True):
    """How many lots, and after which one of them; in which district, and open at which moment, if that matters."""

    first: int
    after: UUID | None = None
    district: str = ""
    open_at: datetime | None = None


class Doors:
    """Which lots are open at a moment."""

    def __init__(self, at: datetime, holidays: Mapping[str, Holidays]) -> None:
        self._at, self._holidays = at, holidays

    @classmethod
    async def of(cls, connection: "asyncpg.Connection[asyncpg.Record]", at: datetime) -> Self:
        """Read what of the official lists concerns the moment."""
        today = at.astimezone(CHINA).date()
        days: dict[str, dict[date, DayKind]] = {}
        for row in await connection.fetch(_HOLIDAYS, today - timedelta(days=1), today):
            days.setdefault(row["region"], {})[row["day"]] = row["kind"]
        return cls(at, {region: Holidays(each) for region, each in days.items()})

    def open(self, row: Any) -> bool | None:
        """Whether a lot is open; None: nobody has said its hours."""
        hours = msgspec.convert(opening_in(row), list[Hours])
        return is_open(hours, self._at, self._holidays.get(row["holiday_region"], _NO_HOLIDAYS)) if hours else None


async def lots_near(connection: "asyncpg.Connection[asyncpg.Record]", here: Position, wanted: Wanted) -> list[LotView]:
    """Return the lots within five kilometres, the nearest first."""
    rows = await connection.fetch(_IDS, *await _chosen(connection, wanted), *_box(here))
    found = {row["id"]: metres(here, Position(row["latitude"], row["longitude"])) for row in rows}
    ids = sorted((each for each in found if found[each] <= RADIUS_METRES), key=lambda each: (found[each], each))
    if wanted.after is not None:
        ids = ids[ids.index(wanted.after) + 1 :] if wanted.after in ids else []
    lots = {each.row["id"]: each for each in await _lots(connection, "lot.id = ANY($1)", ids[: wanted.first])}
    return [
        LotView(row=lots[each].row, free=lots[each].free, metres=found[each])
        for each in ids[: wanted.first]
        if each in lots
    ]


async def lots(connection: "asyncpg.Connection[asyncpg.Record]", wanted: Wanted) -> list[LotView]:
    """Return lots wherever they are, in the order of their ids."""
    where = f"{_WANTED} AND ($4::uuid IS NULL OR lot.id > $4) ORDER BY lot.id LIMIT $5"
    return await _lots(connection, where, *await _chosen(connection, wanted), wanted.after, wanted.first)


async def lot_by_id(connection: "asyncpg.Connection[asyncpg.Record]", lot_id: UUID) -> LotView | None:
    """Return one lot, None if there is none."""
    return next(iter(await _lots(connection, "lot.id = $1", lot_id)), None)


class Prices:
    """Prices of lots, each tariff read once."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection
        self._terms: dict[tuple[str, str, str], Terms] = {}

    async def price(self, view: LotView, since: datetime, stay: timedelta) -> Price | None:
        """Return what a small car's stay costs, None if the lot has no tariff."""
        lot = Lot.of(view.row)
        name = lot.operator_id, lot.tariff, lot.holiday_region
        terms = self._terms.get(name)
        if terms is None:
            terms = self._terms[name] = await terms_of(self._connection, lot, ())
        version = terms.version(since)
        if version is None:
            return None
        fee = version.rules.fee(Stay(entered_at=since, area_class=lot.area_class), since + stay, terms.holidays)
        day = terms.holidays.of(since.astimezone(CHINA).date())
        return Price(fee, tariff_words(version.rules.tariff, day, area_class=lot.area_class))


async def _chosen(connection: "asyncpg.Connection[asyncpg.Record]", wanted: Wanted) -> Sequence[object]:
    """Return what ``_WANTED`` is asked with."""
    if wanted.open_at is None:
        return wanted.district, None, None
    doors = await Doors.of(connection, wanted.open_at)
    open_ = [row for row in await connection.fetch(_HOURS) if doors.open(row)]
    return wanted.district, [row["holiday_region"] for row in open_], [row["opening"] for row in open_]


async def _lots(connection: "asyncpg.Connection[asyncpg.Record]", where: str, *given: object) -> list[LotView]:
    rows = await connection.fetch(f"SELECT {OPEN_LOTS} {where}", *given)
    return [LotView(row=row, free=demand_in(row).available) for row in rows]


def _box(here: Position) -> Sequence[float]:
    """Return south, north, west and east of the radius; near the poles all of them are."""
    high = RADIUS_METRES / _METRES_OF_A_DEGREE
    wide = min(high / max(cos(radians(here.latitude)), 1e-6), 360.0)
    return here.latitude - high, here.latitude + high, here.longitude - wide, here.longitude + wide
