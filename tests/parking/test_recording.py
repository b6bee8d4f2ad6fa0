"""Gate events in the database: any order, any duplicates, many at once, and what is wrong with some."""

import asyncio
import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlmodel import col, select

from flows.parking.errors import TariffRefusedError, TooManyEventsError, UnknownDeviceError
from flows.parking.operating import Speaker
from flows.parking.operating_tables import ParkingRefusedEvent
from flows.parking.recording import record
from flows.parking.repairing import repair
from flows.parking.session_tables import ParkingEvent, ParkingSession
from flows.parking.stored import TEXT
from flows.parking.tables import ParkingLane
from tests.parking.lots import NINE, PLATE, Lot
from tests.parking.tariffs import EXAMPLE


async def test_in_and_out(lot: Lot) -> None:
    entered = await lot.passes("enter", 0)
    assert (entered.decision.kind, entered.session_id != "") == ("open", True)
    asked = await lot.passes("exit", 60)
    assert (asked.decision.kind, asked.decision.due_fen, asked.session_id) == ("pay", 1500, entered.session_id)
    [row] = await lot.sessions()
    assert (row.state, row.left_at, str(row.id)) == ("pay_at_exit", None, entered.session_id)
    await lot.passes("exit", 65, opened=True, reason="fail_open")
    [row] = await lot.sessions()
    assert (row.state, row.released, row.closing_fen) == ("released_unpaid", "fail_open", 2500)
    assert sum(line["amount_fen"] for line in row.lines) == 2500


async def test_a_duplicate_is_answered_as_the_first_time(lot: Lot) -> None:
    enter, leave = lot.event("enter", 0), lot.event("exit", 60)
    await lot.send(enter)
    [first] = await lot.send(leave)
    lot.clock.advance(timedelta(hours=5))
    again = await lot.send(leave, enter, leave)
    assert [(each.status, each.decision.due_fen) for each in again] == [
        ("duplicate", first.decision.due_fen),
        ("duplicate", 0),
        ("duplicate", first.decision.due_fen),
    ]


def busy_day(lot: Lot, number: int, seed: int) -> list[dict[str, Any]]:
    """What a gate sees of so many cars, some of them misread, twice read or not seen at all."""
    rng, events = random.Random(seed), list[dict[str, Any]]()  # noqa: S311 - a seeded workload
    for car in range(number):
        plate, minute = f"沪B{rng.randrange(10000, 99999)}", rng.randrange(600)
        stay = rng.randrange(5, 400)
        fate = rng.random()
        events.append(lot.event("enter", minute, plate))
        if fate < 0.1:
            events.append(lot.event("enter", minute + 1, plate))
        if fate > 0.95:
            continue
        read = plate[:-1] + str((int(plate[-1]) + 1) % 10) if fate < 0.2 else plate
        events.append(lot.event("exit", minute + stay, read, opened=True))
        if car % 7 == 0:
            events.append(lot.event("enter", minute + stay + 30, plate))
    return events


@pytest.mark.case("PK-02")
@pytest.mark.parametrize("seed", range(3))
async def test_any_order_and_batches_give_the_same_sessions(lot: Lot, seed: int) -> None:
    rng, events = random.Random(seed), busy_day(lot, 25, seed)  # noqa: S311 - a seeded workload
    lot.clock.advance(timedelta(hours=30))
    await lot.send(*events)
    wanted = await lot.shape()
    assert {row[3] for row in wanted} >= {"exact", "fuzzy"}
    await lot.forget()
    shuffled = events + rng.sample(events, len(events) // 3)
    rng.shuffle(shuffled)
    while shuffled:
        size = rng.randrange(1, 8)
        await lot.send(*shuffled[:size])
        del shuffled[:size]
    assert await lot.shape() == wanted


def alike(lot: Lot, seed: int) -> list[dict[str, Any]]:
    """Two regulars whose plates a camera takes for each other, again and again, and somebody else."""
    rng, events, minute = random.Random(seed), list[dict[str, Any]](), 0.0  # noqa: S311 - a seeded workload
    for _ in range(40):
        minute += rng.choice([0, 0.5, 1, 3, 10])
        kind, plate = rng.choice(["enter", "exit"]), rng.choice([PLATE, PLATE[:-1] + "6", "沪B66666"])
        events.append(lot.event(kind, minute, plate, opened=rng.random() < 0.8))
    return list({each["event_id"]: each for each in events}.values())


@pytest.mark.case("PK-02")
@pytest.mark.case("PK-09")
@pytest.mark.parametrize("seed", [1, 11, 16, 19])
async def test_exits_of_plates_that_are_alike_find_the_same_visits_in_any_order(lot: Lot, seed: int) -> None:
    rng, events = random.Random(seed), alike(lot, seed)  # noqa: S311 - a seeded workload
    lot.clock.advance(timedelta(hours=30))
    await lot.send(*events)
    wanted = await lot.shape()
    assert "fuzzy" in {row[3] for row in wanted}
    await lot.forget()
    rng.shuffle(events)
    for begin in range(0, len(events), 3):
        await lot.send(*events[begin : begin + 3])
    assert await lot.shape() == wanted


@pytest.mark.case("PK-03")
async def test_an_exit_before_its_entry_settles_when_that_comes(lot: Lot) -> None:
    lot.clock.advance(timedelta(hours=2))
    before = await lot.passes("exit", 60, opened=True)
    [row] = await lot.sessions()
    assert (row.review, row.closing_fen) == ("no_entry", None)
    after = await lot.passes("enter", 0)
    [row] = await lot.sessions()
    assert (row.review, row.closing_fen, row.state) == ("", 1500, "released_unpaid")
    assert before.session_id != after.session_id == str(row.id)


@pytest.mark.case("PK-07")
async def test_five_hundred_events_after_six_hours_offline(lot: Lot) -> None:
    events = busy_day(lot, 240, 5)[:500]
    lot.clock.advance(timedelta(hours=20))
    first = await lot.send(*events)
    again = await lot.send(*events)
    assert {each.status for each in first} == {"recorded"}
    assert {each.status for each in again} == {"duplicate"}
    async with lot.database.session() as session:
        assert len((await session.exec(select(ParkingEvent.id))).all()) == len(events)
    wanted = await lot.shape()
    await lot.forget()
    for begin in range(0, len(events), 60):
        await lot.send(*events[begin : begin + 60])
    assert await lot.shape() == wanted


async def test_requests_at_once_neither_lose_nor_wait_in_a_circle(lot: Lot) -> None:
    events = busy_day(lot, 40, 9)
    lot.clock.advance(timedelta(hours=30))
    await lot.send(*events)
    wanted = await lot.shape()
    await lot.forget()
    rng = random.Random(9)  # noqa: S311 - a seeded workload
    batches = [rng.sample(events, len(events) // 4) for _ in range(10)] + [[each] for each in events[::4]]
    await asyncio.gather(*(lot.send(*batch) for batch in batches), lot.send(*reversed(events)))
    assert await lot.shape() == wanted


async def test_plates_that_were_taken_for_each_other_are_put_right_at_once(lot: Lot) -> None:
    plates = [f"沪{letter}{number}2345" for letter in "ABCDEFGH" for number in (1, 9)]
    read = [(await lot.passes("enter", 10 * number, plate)).session_id for number, plate in enumerate(plates)]
    right = {each: plates[number ^ 1] for number, each in enumerate(read)}

    async def put_right(session_id: str) -> None:
        async with lot.database.session() as session:
            await repair(
                lot.deps(session), Speaker("client", frozenset({"garages"})), UUID(session_id), right[session_id]
            )

    await asyncio.gather(*(put_right(each) for each in read))
    async with lot.database.session() as session:
        rows = (await session.exec(select(ParkingSession))).all()
    texts = {str(row.id): lot.keys.cipher.open(TEXT, row.id, row.credential_text) for row in rows}
    assert texts == {each: f"plate:{plate}" for each, plate in right.items()}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"plate": 5}, "plate"),
    ({"plate": "!!"}, "plate"),
    ({"kind": "fly"}, "kind"),
    ({"lane": "roof"}, "lane"),
    ({"seq": -1}, "seq"),
    ({"event_id": "1"}, "event_id"),
    ({"occurred_at": None}, "occurred_at"),
    ({"occurred_at": "2026-11-02T09:00:00"}, "occurred_at"),
    ({"occurred_at": "2026-11-02T09:06:00+08:00"}, "occurred_at"),
    ({"occurred_at": "2026-09-02T09:06:00+08:00"}, "occurred_at"),
    ({"kind": "manual_open"}, "reason"),
    ({"confidence": 3}, "confidence"),
]


async def test_malformed_events_are_refused_by_field_and_kept(lot: Lot) -> None:
    good = lot.event("enter", 0)
    wrong = [{name: value for name, value in (good | changes).items() if value is not None} for changes, _ in WRONG]
    async with lot.database.session() as session:
        answers = await record(session, lot.clock, lot.keys, "box", [msgspec.json.encode(e) for e in [*wrong, good]])
    assert [(each.status, each.field) for each in answers] == [
        *(("refused", field) for _, field in WRONG),
        ("recorded", ""),
    ]
    async with lot.database.session() as session:
        kept = (await session.exec(select(ParkingRefusedEvent).order_by(col(ParkingRefusedEvent.id)))).all()
    opened = [lot.keys.cipher.open("parking_refused_event.raw", row.id, row.raw) for row in kept]
    assert [msgspec.json.decode(text) for text in opened] == wrong
    assert [row.field for row in kept] == [field for _, field in WRONG]


async def test_what_is_no_json_is_kept_too(lot: Lot) -> None:
    [answer] = await lot.send(b'{"seq": \xff')
    assert (answer.status, answer.field) == ("refused", "body")


@pytest.mark.parametrize(
    ("vendor", "problem"), [(b'"\xff"', "can't decode byte 0xff"), (b"[" * 5000 + b"]" * 5000, "recursion depth")]
)
async def test_what_is_wrong_in_a_field_that_nobody_knows_is_refused_and_kept_and_the_rest_recorded(
    lot: Lot, vendor: bytes, problem: str
) -> None:
    wrong = msgspec.json.encode(lot.event("enter", 0, "沪C11111"))[:-1] + b', "vendor": ' + vendor + b"}"
    refused, recorded = await lot.send(wrong, lot.event("enter", 1))
    assert (refused.status, refused.field, problem in refused.problem) == ("refused", "body", True)
    assert recorded.status == "recorded"
    async with lot.database.session() as session:
        assert problem in (await session.exec(select(ParkingRefusedEvent.problem))).one()


async def test_a_number_used_twice_is_refused(lot: Lot) -> None:
    first, second = lot.event("enter", 0), lot.event("enter", 30, "沪C11111")
    [answer] = (await lot.send(first, second | {"seq": first["seq"]}))[1:]
    assert (answer.status, answer.field) == ("refused", "seq")


async def test_heartbeats_and_unknown_devices(lot: Lot) -> None:
    await lot.send(lot.event("heartbeat", 1, ""))
    async with lot.database.session() as session:
        heard = dict((await session.exec(select(ParkingLane.name, ParkingLane.heard_at))).all())
        assert heard == {"enter": None, "exit": NINE + timedelta(minutes=1)}
        with pytest.raises(UnknownDeviceError):
            await record(session, lot.clock, lot.keys, "another box", [])
        with pytest.raises(TooManyEventsError):
            await record(session, lot.clock, lot.keys, "box", [b""] * 501)


@pytest.mark.case("PK-10")
async def test_a_session_keeps_the_tariff_of_its_entry(lot: Lot) -> None:
    await lot.passes("enter", 0)
    dearer = {
        "rates": [{"bands": [{"name": "all", "begin": "00:00", "end": "24:00", "unit": {"minutes": 1, "fen": 99}}]}]
    }
    await lot.publish(dearer, NINE + timedelta(minutes=30))
    await lot.passes("enter", 40, "沪C11111")
    await lot.passes("exit", 60, opened=True)
    await lot.passes("exit", 60, "沪C11111", opened=True)
    assert [row.closing_fen for row in await lot.sessions()] == [1500, 20 * 99]
    assert (await lot.publish(dearer, NINE + timedelta(minutes=30))).version == 2  # sent again
    for moment, problem in ((NINE, "it has passed"), (NINE + timedelta(minutes=30), "another version holds")):
        with pytest.raises(TariffRefusedError, match=problem):
            await lot.publish(EXAMPLE, moment)


async def test_plates_are_nowhere_in_the_clear(lot: Lot) -> None:
    await lot.passes("enter", 0)
    await lot.passes("exit", 20)
    async with lot.database.session() as session:
        for table in ("parking_event", "parking_session", "outbox"):
            rows = await (await session.connection()).exec_driver_sql(f"SELECT t::text FROM {table} t")  # noqa: S608 - names of ours
            text = " ".join(row[0] for row in rows)
            assert PLATE not in text
            assert PLATE.encode().hex() not in text


async def test_what_was_paid_at_the_site_is_owed_no_more(lot: Lot) -> None:
    await lot.passes("enter", 0)
    await lot.passes("exit", 61, opened=False)
    await lot.passes("exit", 62, opened=True, paid_fen=2500)
    [row] = await lot.sessions()
    assert (row.closing_fen, row.paid_fen, row.looked_at) == (2500, 2500, None)


async def test_what_nothing_was_read_of_is_kept_and_begins_no_session(lot: Lot) -> None:
    assert (await lot.passes("manual_open", 0, "", opened=True, reason="ambulance")).status == "recorded"
    assert (await lot.passes("exit", 1, "")).decision.reason == "unread"
    assert await lot.sessions() == []
