"""Bays of a street in the database: detected, read by somebody, left, billed, reminded, paid."""

import asyncio
import random
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
import pytest
from redis.asyncio import Redis
from sqlmodel import col, select

from flows.parking.errors import ActRefusedError
from flows.parking.operating import Speaker, release
from flows.parking.ownership import sessions_held
from flows.parking.recording import Answer, record_in_lot
from flows.parking.repairing import repair
from flows.parking.session_tables import ParkingNotice
from flows.parking.tables import ParkingBay
from flows.parking.terms import lot_of
from flows.parking.vehicles import claim, prove
from kernel.crypto.keys import open_keys
from kernel.database import Database, driver
from kernel.outbox import attach_outbox
from kernel.settings import Settings
from tests.parking.lots import NINE, PLATE, Lot

DAY = timedelta(days=1)
OURS = Speaker("inspectors", frozenset({"garages"}))


class Street(Lot):
    """A street of three bays; its sensors and inspectors are one device here."""

    async def build(self) -> None:
        self.row.kind = "roadside"
        await super().build()
        async with self.database.session() as session:
            bays = [ParkingBay(lot_id=self.row.id, number=str(number)) for number in range(3)]
            session.add_all(bays)
        self.bays = [each.id for each in bays]

    def seen(self, kind: str, minutes: float, plate: str = "", bay: int = 0, **more: Any) -> dict[str, Any]:
        moment = NINE + timedelta(minutes=minutes)
        event_id = uuid5(NAMESPACE_URL, f"{kind} {moment} {plate} {bay}")
        told = {"event_id": event_id, "seq": event_id.int & (2**62 - 1), "kind": kind, "bay": self.bays[bay]}
        return told | {"occurred_at": moment, "plate": plate, "plate_color": "blue" if plate else ""} | more

    async def tell(self, *events: dict[str, Any]) -> list[Answer]:
        """Record them in one request, no earlier than they happened."""
        late = max(each["occurred_at"] for each in events) - self.clock.now()
        self.clock.advance(max(late, timedelta(0)))
        async with self.database.session() as session:
            lot = await lot_of(await driver(session), self.row.id)
            raw = [msgspec.json.encode(each) for each in events]
            return await record_in_lot(self.deps(session), "street", lot, raw)

    async def taken(self) -> list[Any]:
        """Since when each bay is taken."""
        async with self.database.session() as session:
            chosen = select(ParkingBay.occupied_since).order_by(col(ParkingBay.number))
            return list((await session.exec(chosen)).all())

    async def inside(self) -> int:
        count: int = await self.database.pool.fetchval("SELECT inside FROM parking_occupancy")
        return count


@pytest.fixture
async def street(settings: Settings, database: Database, redis: Redis) -> Street:
    attach_outbox(database, redis)
    made = Street(settings, database, redis, open_keys(settings))
    await made.build()
    return made


async def test_detected_read_left_billed_reminded_and_paid(street: Street) -> None:
    account = await street.account()
    async with street.database.session() as session:
        bound = await claim(street.deps(session), account, PLATE)
        await prove(street.deps(session), account, bound.vehicle_id, "register")
    await street.tell(street.seen("park_start", 0))
    assert (await street.one()).state == "detected"
    assert (await street.taken(), await street.inside()) == ([NINE, None, None], 1)
    await street.tell(street.seen("observed", 20, PLATE, image_ref="photo/1"))
    row = await street.one()
    assert row.state == "running"
    async with street.database.session() as session:
        assert [each.id for each in await sessions_held(street.deps(session), account, 9)] == [row.id]
    await street.tell(street.seen("park_end", 70))
    row = await street.one()
    assert (row.state, row.closing_fen, row.match, row.review) == ("billed", 2500, "exact", "")
    assert (await street.taken(), await street.inside()) == ([None] * 3, 0)
    await street.work()
    await street.work(DAY)
    assert (await street.one()).state == "arrears"
    async with street.database.session() as session:
        told = (await session.exec(select(ParkingNotice).order_by(col(ParkingNotice.id)))).all()
    assert [(each.kind, each.amount_fen, each.account_id) for each in told] == [
        ("billed", 2500, account),
        ("arrears_1", 2500, account),
    ]
    await street.paid(str(row.id), account)
    row = await street.one()
    assert (row.state, row.paid_fen, row.looked_at) == ("paid", 2500, None)
    assert await street.ledger() == {"host": 2500, "operator": -2500}


async def test_who_pays_before_leaving_owes_no_more(street: Street) -> None:
    account = await street.account()
    [answer] = await street.tell(street.seen("park_start", 0, PLATE))
    street.clock.advance(timedelta(minutes=30))
    await street.paid(answer.session_id, account)
    assert (await street.one()).state == "running"
    await street.tell(street.seen("park_end", 40))
    row = await street.one()
    assert (row.state, row.closing_fen, row.paid_fen) == ("paid", 1500, 1500)


async def test_who_was_never_read_is_billed_to_nobody_until_a_photo_comes(street: Street) -> None:
    await street.tell(street.seen("park_start", 0), street.seen("park_end", 61))
    row = await street.one()
    assert (row.state, row.closing_fen, row.looked_at) == ("unknown", None, None)
    await street.tell(street.seen("observed", 20, PLATE))
    row = await street.one()
    assert (row.state, row.closing_fen) == ("billed", 2500)
    async with street.database.session() as session:
        with pytest.raises(ActRefusedError, match="nobody is held back"):
            await release(street.deps(session), OURS, row.id, "exit", "ambulance")
        mended = await repair(street.deps(session), OURS, row.id, "沪E11111")
        assert mended.id == row.id
    again = await street.tell(street.seen("observed", 20, PLATE))
    assert again[0].status == "duplicate"
    async with street.database.session() as session:
        with pytest.raises(ActRefusedError, match="already"):
            await repair(street.deps(session), OURS, row.id, "沪E11111")


async def test_whoever_comes_next_shows_that_the_one_before_has_left_unseen(street: Street) -> None:
    await street.tell(street.seen("park_start", 0, PLATE), street.seen("park_start", 1, bay=1))
    await street.tell(street.seen("observed", 60, "沪C22222"), street.seen("observed", 61, "沪D33333", bay=1))
    states = [(row.state, row.bay_id) for row in await street.sessions()]
    assert states == [("orphan", street.bays[0]), ("running", street.bays[1]), ("running", street.bays[0])]
    assert await street.inside() == 2
    await street.work(timedelta(hours=72))
    closed, *_ = await street.sessions()
    assert (closed.state, closed.closing_fen) == ("closed_by_operator", 1500)


def busy_morning(street: Street, seed: int) -> list[dict[str, Any]]:
    """What three bays see: some are read at once, some later, some by two who differ, some never; ends get lost."""
    rng, events = random.Random(seed), list[dict[str, Any]]()  # noqa: S311 - a seeded workload
    for bay in range(3):
        minute = rng.randrange(10)
        for number in range(8):
            plate, stay = f"沪B{bay}{number}{rng.randrange(100, 999)}", rng.randrange(4, 90)
            at_once, later = rng.random() < 0.4, rng.random() < 0.5
            events.append(street.seen("park_start", minute, plate if at_once else "", bay))
            if later:
                read = plate[:-1] + "7" if rng.random() < 0.3 else plate
                events.append(street.seen("observed", minute + rng.randrange(1, stay), read, bay, confidence=0.9))
            if rng.random() < 0.85:
                events.append(street.seen("park_end", minute + stay, "", bay))
            minute += stay + rng.randrange(3, 30)
    return events


@pytest.mark.case("PK-02")
@pytest.mark.parametrize("seed", range(3))
async def test_any_order_and_batches_give_the_same_sessions(street: Street, seed: int) -> None:
    rng, events = random.Random(seed), busy_morning(street, seed)  # noqa: S311 - a seeded workload
    street.clock.advance(timedelta(hours=30))
    await street.tell(*events)
    wanted, taken = await street.shape(), await street.taken()
    assert {row[5] for row in wanted} >= {"billed", "unknown"}
    assert {row[3] for row in wanted} >= {"exact", "none"}
    names = {row.id: row.credential for row in await street.sessions()}
    await street.forget()
    shuffled = events + rng.sample(events, len(events) // 3)
    rng.shuffle(shuffled)
    while shuffled:
        size = rng.randrange(1, 8)
        await street.tell(*shuffled[:size])
        del shuffled[:size]
    assert (await street.shape(), await street.taken()) == (wanted, taken)
    assert {row.id: row.credential for row in await street.sessions()} == names


async def test_requests_at_once_neither_lose_nor_wait_in_a_circle(street: Street) -> None:
    events = busy_morning(street, 9)
    street.clock.advance(timedelta(hours=30))
    await street.tell(*events)
    wanted = await street.shape()
    await street.forget()
    rng = random.Random(9)  # noqa: S311 - a seeded workload
    batches = [rng.sample(events, 6) for _ in range(8)]
    await asyncio.gather(*(street.tell(*batch) for batch in batches), street.tell(*reversed(events)))
    assert await street.shape() == wanted


async def test_gates_and_bays_of_one_lot_do_not_mix(street: Street) -> None:
    await street.passes("enter", 0)
    await street.tell(street.seen("park_start", 5, PLATE))
    await street.passes("exit", 30, opened=True)
    first, second = await street.sessions()
    assert (first.bay_id, first.left_at is not None) == (None, True)
    assert (second.bay_id, second.left_at) == (street.bays[0], None)
