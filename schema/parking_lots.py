"""``parkingLots`` and ``parkingLot``: where one may park, how many bays are free, and what a stay costs."""

from datetime import timedelta
from typing import Annotated, Any

import strawberry

from auth.policies import PUBLIC
from flows.codes.distance import Position, position_of
from flows.parking.explaining import line_words
from flows.parking.fees import Line
from flows.parking.nearby import Doors, LotView, Price, Prices, Wanted, lot_by_id, lots, lots_near
from flows.parking.places import opening_in
from schema.context import Info
from schema.errors import ArgumentRefusedError
from schema.position import PositionGiven
from schema.scalars import DateTimeText, check_first, moment, text
from schema.ways_in import uuid
from services_catalog.organisations.words import is_code

POLICIES = {
    "Query.parkingLots": PUBLIC,
    "Query.parkingLot": PUBLIC,
    "CityLots": PUBLIC,
    "CityLot": PUBLIC,
    "CityLotPrice": PUBLIC,
    "CityLotHours": PUBLIC,
    "ParkingFeeLine": PUBLIC,  # of a price, or of a session that came to its resident
}

_MOST_LOTS = 50
_LONGEST_MINUTES = 7 * 24 * 60


@strawberry.type(name="ParkingFeeLine", description="A part of a fee; all of them add up to it.")
class LineShown:
    """A line that explains."""

    kind: str = strawberry.field(description="band, free, charging, cap, penalty, overstay or coupon.")
    name: str
    zh: str
    en: str
    amount_fen: int


def shown_line(line: Line) -> LineShown:
    """Return a line with its words."""
    words = line_words(line)
    return LineShown(kind=line.kind, name=line.name, zh=words.zh, en=words.en, amount_fen=line.amount_fen)


@strawberry.type(name="CityLotPrice", description="What a small car's stay costs. Nobody is bound by it.")
class PriceShown:
    """A price."""

    fee_fen: int
    starts_at: DateTimeText
    minutes: int
    lines: list[LineShown]
    tariff_zh: str = strawberry.field(description="The tariff of that day in a sentence.")
    tariff_en: str


@strawberry.type(name="CityLotHours", description="Hours of a day; that close no later than they open: on the next.")
class HoursShown:
    """Hours."""

    day_kinds: list[str] = strawberry.field(description="working, rest and holiday; none: every day.")
    opens: str = strawberry.field(description="HH:MM, in UTC+8.")
    closes: str


@strawberry.type(name="CityLot", description="A car park.")
class LotShown:
    """A lot."""

    id: strawberry.ID
    name_zh: str
    name_en: str
    kind: str = strawberry.field(description="garage or roadside.")
    operator_zh: str
    operator_en: str
    address_zh: str
    address_en: str
    latitude: float = strawberry.field(description="WGS 84.")
    longitude: float
    spaces: int
    free: int = strawberry.field(
        description="Bays that are free now: as counted by the operator, and since then by its gates."
    )
    district: str = strawberry.field(description="The code of the organisation that it stands in, if it is known.")
    opening: list[HoursShown] = strawberry.field(description="None: nobody has said.")
    is_open: bool | None = strawberry.field(description="Now; null: nobody has said.")
    metres: int | None = strawberry.field(description="How far away it is, if `near` was given.")
    price: PriceShown | None = strawberry.field(description="None while it has no tariff.")


@strawberry.type(name="CityLots", description="A page of car parks.")
class LotsShown:
    """A page."""

    lots: list[LotShown]
    next: str | None = strawberry.field(description="`after` of the next page.")


Minutes = Annotated[int, strawberry.argument(description="How long the stay is that `price` is of.")]
District = Annotated[
    str, strawberry.argument(description="Only those in this district, town or village, or below it; its code.")
]
OpenNow = Annotated[bool, strawberry.argument(description="Only those that say that they are open now.")]
Starts = Annotated[str | None, strawberry.argument(description="When it begins, such as tonight; now by default.")]


@strawberry.type
class LotQueries:
    """The part of ``Query`` that this file is for."""

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="Car parks, with `near` those within 5 km and the nearest first."
    )
    async def parking_lots(  # noqa: PLR0913, PLR0917 - GraphQL names them
        self,
        info: Info,
        near: PositionGiven | None = None,
        first: int = 20,
        after: strawberry.ID | None = None,
        stay_minutes: Minutes = 120,
        starts_at: Starts = None,
        district: District = "",
        open_now: OpenNow = False,  # noqa: FBT002 - GraphQL names it
    ) -> LotsShown | None:
        check_first(first, _MOST_LOTS)
        if district and not is_code(district):
            raise ArgumentRefusedError("district is no code", fix="Send the code of a district, town or village.")
        now = info.context.platform.environment.clock.now()
        wanted = Wanted(
            first=first + 1,
            after=uuid(after, "after") if after else None,
            district=district,
            open_at=now if open_now else None,
        )
        here = None if near is None else _position(near)
        async with info.context.platform.database.pool.acquire() as connection:
            found = await (lots(connection, wanted) if here is None else lots_near(connection, here, wanted))
            shown = await _shown(info, connection, found[:first], stay_minutes, starts_at)
        return LotsShown(lots=shown, next=shown[-1].id if len(found) > first else None)

    @strawberry.field(description="One car park.")  # type: ignore[untyped-decorator]  # strawberry's
    async def parking_lot(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002 - the graph's name
        stay_minutes: Minutes = 120,
        starts_at: Starts = None,
    ) -> LotShown | None:
        wanted = uuid(id, "id")
        async with info.context.platform.database.pool.acquire() as connection:
            found = await lot_by_id(connection, wanted)
            if found is None:
                return None
            return (await _shown(info, connection, [found], stay_minutes, starts_at))[0]


async def _shown(
    info: Info, connection: Any, found: list[LotView], minutes: int, starts_at: str | None
) -> list[LotShown]:
    if not 1 <= minutes <= _LONGEST_MINUTES:
        raise ArgumentRefusedError("stayMinutes is out of range", fix=f"Ask for 1 to {_LONGEST_MINUTES}.")
    now, stay = info.context.platform.environment.clock.now(), timedelta(minutes=minutes)
    prices, doors = Prices(connection), await Doors.of(connection, now)
    since = moment(starts_at, "startsAt") if starts_at else now
    shown = []
    for each in found:
        price = await prices.price(each, since, stay)
        shown.append(_lot(each, _price(price, text(since), minutes) if price else None, doors))
    return shown


def _price(price: Price, starts_at: DateTimeText, minutes: int) -> PriceShown:
    return PriceShown(
        fee_fen=price.fee.total_fen,
        starts_at=starts_at,
        minutes=minutes,
        lines=[shown_line(each) for each in price.fee.lines],
        tariff_zh=price.words.zh,
        tariff_en=price.words.en,
    )


def _lot(view: LotView, price: PriceShown | None, doors: Doors) -> LotShown:
    row = view.row
    same = (
        "name_zh",
        "name_en",
        "kind",
        "operator_zh",
        "operator_en",
        "address_zh",
        "address_en",
        "spaces",
        "district",
    )
    return LotShown(
        id=strawberry.ID(str(view.id)),
        latitude=row["latitude"],
        longitude=row["longitude"],
        free=view.free,
        opening=[HoursShown(**{"day_kinds": []} | each) for each in opening_in(row)],
        is_open=doors.open(row),
        metres=view.metres,
        price=price,
        **{name: row[name] for name in same},
    )


def _position(near: PositionGiven) -> Position:
    here = position_of(near.latitude, near.longitude)
    if here is None:
        raise ArgumentRefusedError("near is no position", fix="Send degrees of latitude and longitude.")
    return here
