"""Lots near a place, with how many bays are free and what a stay there costs; read past the ORM.

Free bays are the lot's spaces less the sessions inside, counted by the index ``parking_session_inside``. A session that
began longer ago than an orphan may last is not counted.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import cos, radians
from typing import Any
from uuid import UUID

import asyncpg
from msgspec import Struct

from flows.codes.distance import Position, metres
from flows.parking.explaining import Words, tariff_words
from flows.parking.fees import Fee
from flows.parking.projecting import ORPHAN_AFTER
from flows.parking.tariff import Stay
from flows.parking.terms import Lot, Terms, terms_of
from kernel.clock import CHINA

RADIUS_METRES = 5000
_METRES_OF_A_DEGREE = 111_195
_MOST = 500  # lots within the radius that are looked at: more than any district's centre has
_EPOCH = datetime(1970, 1, 1, tzinfo=CHINA).date().toordinal()

_LOTS = """
    SELECT lot.*, o.name_zh AS operator_zh, o.name_en AS operator_en, (
        SELECT count(*) FROM parking_session s WHERE s.lot_id = lot.id AND s.left_at IS NULL
            AND s.superseded_by IS NULL AND s.entered_at > $1 AND s.state <> 'orphan'
    ) AS inside
    FROM parking_lot lot JOIN parking_operator o ON o.id = lot.operator_id
    WHERE lot.closed_at IS NULL AND o.closed_at IS NULL AND
"""
_NEAR = "lot.latitude BETWEEN $2 AND $3 AND lot.longitude BETWEEN $4 AND $5"
_IDS = f"""
    SELECT lot.id, lot.latitude, lot.longitude FROM parking_lot lot WHERE lot.closed_at IS NULL AND {_NEAR}
    AND $1::timestamptz IS NOT NULL LIMIT {_MOST}
"""  # noqa: S608 - texts of ours


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


class Page(Struct, frozen=True):
    """How many lots, and after which one of them."""

    first: int
    after: UUID | None = None


async def lots_near(
    connection: "asyncpg.Connection[asyncpg.Record]", now: datetime, here: Position, page: Page
) -> list[LotView]:
    """Return the lots within five kilometres, the nearest first."""
    rows = await connection.fetch(_IDS, now, *_box(here))
    found = {row["id"]: metres(here, Position(row["latitude"], row["longitude"])) for row in rows}
    ids = sorted((each for each in found if found[each] <= RADIUS_METRES), key=lambda each: (found[each], each))
    if page.after is not None:
        ids = ids[ids.index(page.after) + 1 :] if page.after in ids else []
    lots = {each.row["id"]: each for each in await _lots(connection, now, "lot.id = ANY($2)", ids[: page.first])}
    return [
        LotView(row=lots[each].row, free=lots[each].free, metres=found[each])
        for each in ids[: page.first]
        if each in lots
    ]


async def lots(connection: "asyncpg.Connection[asyncpg.Record]", now: datetime, page: Page) -> list[LotView]:
    """Return all lots, in the order of their ids."""
    where = "($2::uuid IS NULL OR lot.id > $2) ORDER BY lot.id LIMIT $3"
    return await _lots(connection, now, where, page.after, page.first)


async def lot_by_id(connection: "asyncpg.Connection[asyncpg.Record]", now: datetime, lot_id: UUID) -> LotView | None:
    """Return one lot, None if there is none."""
    return next(iter(await _lots(connection, now, "lot.id = $2", lot_id)), None)


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
        day = terms.holidays.kind(since.astimezone(CHINA).date().toordinal() - _EPOCH)
        return Price(fee, tariff_words(version.rules.tariff, day, area_class=lot.area_class))


async def _lots(
    connection: "asyncpg.Connection[asyncpg.Record]", now: datetime, where: str, *given: object
) -> list[LotView]:
    rows = await connection.fetch(_LOTS + where, now - ORPHAN_AFTER, *given)
    return [LotView(row=row, free=max(row["spaces"] - row["inside"], 0)) for row in rows]


def _box(here: Position) -> Sequence[float]:
    """Return south, north, west and east of the radius; near the poles all of them are."""
    high = RADIUS_METRES / _METRES_OF_A_DEGREE
    wide = min(high / max(cos(radians(here.latitude)), 1e-6), 360.0)
    return here.latitude - high, here.latitude + high, here.longitude - wide, here.longitude + wide
