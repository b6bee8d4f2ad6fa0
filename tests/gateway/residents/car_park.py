"""A car park in a city whose residents have phones: its devices, its stickers, and what residents ask."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from sqlmodel import select

from flows.codes import place_codes, places
from flows.codes.place_codes import PlaceCode, PlaceKind
from flows.codes.place_tables import StaticCode
from flows.parking.recording import Answer
from flows.parking.tables import ParkingLane
from flows.parking.watching import attach_parking
from flows.payments.tables import PaymentOrder
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Resident
from tests.parking.lots import NINE, Lot

ADD = 'mutation ($plate: String!) { addVehicle(plate: $plate, color: "blue") { id plate proof } }'
_ASKED = """{ decision reason dueFen metres isFar
  session { id state feeFen dueFen paidFen isOver nextRaiseAt lines { zh en amountFen } } }"""
_SCAN = "mutation ($code: String!, $vehicle: ID!, $key: String!, $latitude: Float, $longitude: Float)"
_GIVEN = "(code: $code, vehicle: $vehicle, key: $key, latitude: $latitude, longitude: $longitude)"
ENTER, FIND, LEAVE = (f"{_SCAN} {{ {verb}Parking{_GIVEN} {_ASKED} }}" for verb in ("enter", "find", "leave"))
PAY = "mutation ($id: ID!, $key: String!) { payParking(session: $id, key: $key) { id amountFen state } }"
QUOTE = "mutation ($id: ID!) { quoteParking(session: $id) { feeFen dueFen nextRaiseAt } }"
DISPUTE = 'mutation ($id: ID!) { disputeParking(session: $id, reason: "fee") { dispute } }'
SESSION = "query ($id: ID!) { myParking { session(id: $id) { id state feeFen dueFen plate } } }"
MINE = "{ myParking { vehicles { id plate proof } sessions { id state } } }"


class CarPark(Lot):
    """The lot of parking's own tests, at the time of day, with stickers."""

    def __init__(self, city: City, redis: Redis) -> None:
        super().__init__(city.settings, city.gateway.database, redis, open_keys(city.settings))
        self.city = city
        self.clock.advance(SystemClock().now() - self.clock.now())
        attach_parking(self.database, redis)

    async def open(self) -> "CarPark":
        await self.build()
        async with self.database.session() as session:
            self.lanes = {each.name: each.id for each in (await session.exec(select(ParkingLane))).all()}
        return self

    async def sticker(self, kind: PlaceKind, object_id: UUID, **more: Any) -> str:
        """What a scan of a new sticker reads."""
        cipher, clock = self.keys.cipher, SystemClock()
        row = StaticCode(
            object_id=b"", short_code="", kind=kind, reference=f"{kind}:{object_id}", kid=0, created_at=clock.now(),
            name_zh="一号入口", name_en="Gate 1", street_zh="人民大道", latitude=31.2, longitude=121.4, **more,
        )  # fmt: skip
        async with self.database.session() as session:
            await places.register(session, clock, cipher, row)
            keys = await places.mac_keys(session, cipher)
        return place_codes.text_of(PlaceCode(kind, row.object_id, row.kid), keys)

    async def gate(self, name: str) -> str:
        return await self.sticker("gate", self.lanes[name])

    def catch_up(self) -> None:
        """Have the devices' time be the gateway's."""
        self.clock.advance(max(SystemClock().now() - self.clock.now(), timedelta(0)))

    async def seen(self, kind: str, ago: timedelta, plate: str, **more: Any) -> Answer:
        """A camera has seen a plate so long ago."""
        self.catch_up()
        return await self.passes(kind, (self.clock.now() - ago - NINE) / timedelta(minutes=1), plate, **more)

    async def settled(self, order: str) -> None:
        """The host says that an order is paid, and the worker hears of it."""
        async with self.database.session() as session:
            row = await session.get_one(PaymentOrder, UUID(order))
        await self.host_says_paid(await self.attempt(row), row.amount, SystemClock().now())
        self.catch_up()
        await self.work()


async def vehicle(who: Resident, plate: str) -> str:
    """Have a resident claim a plate."""
    return str((await who.data(ADD, plate=plate))["id"])
