"""The search, which reads a row for a resource, finds what reading slot by slot finds, whatever happens to them."""

import asyncio
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from flows.appointments.finding import Asked, free_times
from flows.appointments.lines import draw
from flows.appointments.searching import FreeDay, free_days
from flows.appointments.tables import CHANNELS, AppointmentOffice, AppointmentResource, AppointmentService
from flows.appointments.taking import give_back, take
from kernel.database import driver
from tests.appointments.hall import OFFICE, SERVICE, TEN, Hall, on
from tests.appointments.test_clocks import BERLIN, NIGHT

WALK = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
ALL_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MARRIAGE = {**SERVICE, "further_minutes": 30, "people": 3, "days": 5}
OTHER = {**SERVICE, "code": "divorce", "letter": "B", "minutes": 50, "days": 4, "release": "11:00"}


def _resource(code: str, minutes: int, buffer: int, *schedules: dict[str, Any]) -> dict[str, Any]:
    named = {"code": code, "name_zh": code, "slot_minutes": minutes, "buffer_minutes": buffer}
    return {**named, "skills": ["marriage", "divorce"], "schedules": [*schedules]}


def _hours(hours: str, *services: str, days: list[str] | None = None, **places: int) -> dict[str, Any]:
    of = {"services": [*services]} if services else {}
    return {"days": days or ["working"], "hours": hours, "places": places, **of}


RESOURCES = [
    _resource(
        "w1",
        30,
        30,
        _hours("09:00-12:00", "marriage", public=1, hotline=1),
        _hours("12:00-14:00", "divorce", public=2),
        _hours("14:15-17:00", public=1, counter=1),
    ),
    _resource("w2", 20, 0, _hours("00:00-24:00", days=ALL_DAYS, public=1)),
    _resource("w3", 45, 10, _hours("09:00-17:00", priority=1, public=1)),
]
TAKEN = """
    UPDATE appointment_slot SET taken = least(capacity, taken + 1), used[$2] = used[$2] + 1
    WHERE id = ANY ($1::bigint[])
"""
GIVEN = """
    UPDATE appointment_slot SET taken = greatest(0, taken - 1), used[$2] = greatest(0, used[$2] - 1)
    WHERE id = ANY ($1::bigint[])
"""
OFFICES = [{**OFFICE, "resources": RESOURCES}, {**OFFICE, "code": "east", "resources": RESOURCES[:1]}]


async def _slot_by_slot(hall: Hall, of: Asked, until: datetime) -> list[FreeDay]:
    times = defaultdict[date, list[datetime]](list)
    async with hall.database.session() as session:
        for each in await free_times(session, hall.clock, of, (hall.clock.now(), until)):
            times[of.day_of(each.starts_at)].append(each.starts_at)
    return [
        FreeDay(of.office.code, day.isoformat(), min(found).astimezone(UTC), len(found)) for day, found in times.items()
    ]


async def _compare(hall: Hall, days: int = 7) -> int:
    """Compare all that can be asked, and return how many times are free."""
    now, until, number = hall.clock.now(), hall.clock.now() + timedelta(days=days), 0
    async with hall.database.session() as session:
        services = (await session.exec(select(AppointmentService))).all()
        offices = (await session.exec(select(AppointmentOffice).order_by(AppointmentOffice.code))).all()
    for service in services:
        for people in {1, service.people}:
            for channel in CHANNELS:
                found = await free_days(hall.database.pool, service, (now, until), people=people, channel=channel)
                expected = [
                    each
                    for office in offices
                    for each in await _slot_by_slot(hall, Asked(service, office, people, channel), until)
                ]
                assert found == expected, (service.code, people, channel)
                number += sum(each.times for each in found)
    return number


@pytest.fixture
async def busy(bare_hall: Hall) -> Hall:
    """Offices with windows of different lengths, buffers and shares, some of several services."""
    await bare_hall.build(MARRIAGE, OTHER, offices=OFFICES)
    return bare_hall


_taken = st.tuples(st.just("take"), st.integers(0, 999), st.integers(1, 6), st.integers(0, 3))
_given = st.tuples(st.just("give"), st.integers(0, 999), st.integers(1, 6), st.integers(0, 3))
_closed = st.tuples(st.just("close"), st.integers(0, 5), st.just(0), st.just(0))
_later = st.tuples(st.just("wait"), st.integers(1, 1500), st.just(0), st.just(0))


@WALK
@example([])
@given(st.lists(st.one_of(_taken, _taken, _taken, _given, _closed, _later), max_size=25))
async def test_the_search_finds_what_slots_say(busy: Hall, steps: list[tuple[str, int, int, int]]) -> None:
    busy.clock.advance(TEN - busy.clock.now())
    await busy.load(_file(*range(6), withdrawn=True))
    await busy.database.pool.execute("UPDATE appointment_slot SET taken = 0, used = '{0,0,0,0}'")
    ids = [row["id"] for row in await busy.database.pool.fetch("SELECT id FROM appointment_slot ORDER BY id")]
    for kind, at, number, channel in steps:
        chosen = ids[at % len(ids) :][:number]
        if kind == "wait":
            busy.clock.advance(timedelta(minutes=at))
        elif kind == "close":
            await busy.load(_file(at, hours=["10:00-12:20"]))
        else:
            await busy.database.pool.execute(TAKEN if kind == "take" else GIVEN, chosen, channel + 1)
    await _compare(busy)


def _file(*days: int, **how: Any) -> dict[str, Any]:
    """The first office as it is but for some days."""
    exceptions = [{"day": (TEN + timedelta(days=day)).date(), **how} for day in days]
    return {"services": [MARRIAGE, OTHER], "offices": [{**OFFICES[0], "exceptions": exceptions}]}


async def test_where_clocks_are_changed(bare_hall: Hall) -> None:
    bare_hall.clock.advance(datetime(2027, 3, 25, tzinfo=UTC) - bare_hall.clock.now())
    service = {**SERVICE, "minutes": 60, "lead_minutes": 0}
    office = {**OFFICE, "resources": [_resource("w1", 30, 30, {**NIGHT, "services": ["marriage"]})]}
    office["resources"][0]["skills"] = ["marriage"]
    await bare_hall.build(service, offices=[office], calendar=BERLIN, zone="Europe/Berlin")
    for change in (datetime(2027, 3, 25, tzinfo=UTC), datetime(2027, 10, 28, tzinfo=UTC)):
        bare_hall.clock.advance(change - bare_hall.clock.now())
        await bare_hall.work()
        assert await _compare(bare_hall) > 0


async def test_whoever_fills_a_slot_up_meets_others_and_the_worker(hall: Hall) -> None:
    slots = [row["id"] for row in await hall.database.pool.fetch("SELECT id FROM appointment_slot ORDER BY starts_at")]
    async with hall.database.session() as session:
        resource = (await session.exec(select(AppointmentResource))).one()

    async def come_and_go(number: int) -> None:
        mine = slots[number % 7 :: 7][:3]
        for _ in range(4):
            async with hall.database.session() as session:
                came = await take(await driver(session), mine, "public", hall.clock.now())
                if came is None:
                    await session.rollback()
            if came is not None and number % 3:
                async with hall.database.session() as session:
                    await give_back(await driver(session), mine, "public")

    async def redraw() -> None:
        for _ in range(10):
            async with hall.database.session() as session:
                await draw(await driver(session), resource, on("11-30", "00:00"))

    await asyncio.gather(redraw(), *(come_and_go(number) for number in range(20)))
    kept = await hall.ask("SELECT serves, bits FROM appointment_line")
    await redraw()
    assert await hall.ask("SELECT serves, bits FROM appointment_line") == kept
    assert await _compare(hall) > 0
