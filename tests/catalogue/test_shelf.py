"""What a process reads of the catalogue: days on which entries hold, hours by duty calendars, and how it follows."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import asyncpg
import msgspec
import pytest
from redis.asyncio import Redis
from sqlalchemy import update
from sqlmodel import col

from services_catalog.launching.choosing import Asked
from services_catalog.lifecycle.publication import suspend
from services_catalog.organisations import duty
from services_catalog.organisations.calendar_file import read_calendars
from services_catalog.organisations.tables import Organisation
from services_catalog.reading.answering import Answering
from services_catalog.reading.launches import launch
from services_catalog.reading.shared import SharedAnswers
from services_catalog.reading.shelf import Shelf
from tests.catalogue.conftest import REVIEWER, City
from tests.catalogue.troubled import WatchedPool
from tests.services_catalog.entries.samples import IMPLEMENTATION, IMPLEMENTATION_CODE, ITEM, LIFE_EVENT

pytestmark = pytest.mark.case("issue-4.5")

CALENDAR = """\
calendar,day,kind,hours,note,source
{0},mon,working,09:00-17:00,,
{0},tue,working,,,
{0},wed,working,,,
{0},thu,working,,,
{0},fri,working,,,
{0},2026-10-01,closed,,a holiday,made up
{0},2026-10-10,working,,worked in exchange,made up
"""
HOLIDAY, WORKING_SATURDAY, SATURDAY, THURSDAY = (
    datetime(2026, 10, day, 10, tzinfo=UTC) - timedelta(hours=8) for day in (1, 10, 17, 8)
)


class Reader:
    """Reads as a gateway does, at any time."""

    def __init__(self, city: City, shelf: Shelf, shared: SharedAnswers) -> None:
        self.city = city
        self.shelf = shelf
        self._answering = Answering(shelf, shared, city.clock)

    async def at(self, moment: datetime, **asked: str) -> set[str]:
        self.city.clock.advance(moment - self.city.clock.now())
        answer = await self._answering.answer(f"/search?{urlencode(asked)}")
        return {hit["entry"]["code"] for hit in msgspec.json.decode(answer.body)["hits"]}

    async def lists(self, moment: datetime) -> list[str]:
        self.city.clock.advance(moment - self.city.clock.now())
        found = msgspec.json.decode((await self._answering.answer("/life-events")).body)
        return [each["code"] for each in found]


@pytest.fixture
async def reader(city: City, redis: Redis, shared: SharedAnswers) -> Reader:
    return Reader(city, Shelf(city.database.pool, redis), shared)


async def work_by(city: City, organisation: str, calendar: str) -> None:
    async with city.database.session() as session:
        await duty.store(session, read_calendars(CALENDAR.format(calendar).encode()), "Asia/Shanghai")
        named = update(Organisation).where(col(Organisation.code) == organisation).values(calendar=calendar)
        await session.exec(named)


async def test_what_is_open_keeps_holidays_and_days_worked_in_exchange(
    city: City, reader: Reader, redis: Redis, shared: SharedAnswers
) -> None:
    await city.bring_out(ITEM)
    await city.bring_out(IMPLEMENTATION)
    await reader.shelf.refresh()
    open_by_the_week = [await reader.at(each, open="true") for each in (HOLIDAY, THURSDAY, WORKING_SATURDAY, SATURDAY)]
    assert open_by_the_week == [{IMPLEMENTATION_CODE}, {IMPLEMENTATION_CODE}, set(), set()]
    await work_by(city, "city", "national")
    again = Reader(city, Shelf(city.database.pool, redis), shared)
    await again.shelf.refresh()
    open_by_calendar = [await again.at(each, open="true") for each in (HOLIDAY, THURSDAY, WORKING_SATURDAY, SATURDAY)]
    assert open_by_calendar == [set(), {IMPLEMENTATION_CODE}, {IMPLEMENTATION_CODE}, set()]


async def test_the_nearest_calendar_above_holds(city: City, reader: Reader) -> None:
    await work_by(city, "city", "national")
    async with city.database.session() as session:
        rows = read_calendars(b"calendar,day,kind,hours\nshop,mon,open,09:00-17:00\nshop,2026-10-08,closed,\n")
        await duty.store(session, rows, "Asia/Shanghai")
        await session.exec(update(Organisation).where(col(Organisation.code) == "east").values(calendar="shop"))
    await city.bring_out(ITEM)
    await city.bring_out(IMPLEMENTATION)
    await reader.shelf.refresh()
    assert await reader.at(HOLIDAY, open="true") == {IMPLEMENTATION_CODE}
    assert await reader.at(THURSDAY, open="true") == set()


async def test_entries_begin_and_end_at_midnight_in_china(city: City, reader: Reader) -> None:
    dated = {"effective_from": "2026-10-02", "withdraw_on": "2026-10-04"}
    await city.bring_out(ITEM)
    await city.bring_out(IMPLEMENTATION, **dated)
    await city.bring_out(LIFE_EVENT, **dated, steps=[{"entry": ITEM["code"]}])
    await reader.shelf.refresh()
    midnight = datetime(2026, 10, 1, 16, tzinfo=UTC)
    for moment, there in (
        (midnight - timedelta(seconds=1), False),
        (midnight, True),
        (midnight + timedelta(hours=48, seconds=-1), True),
        (midnight + timedelta(hours=48), False),
    ):
        assert await reader.at(moment) == ({IMPLEMENTATION_CODE} if there else set())
        assert await reader.lists(moment) == ([LIFE_EVENT["code"]] if there else [])


@pytest.mark.parametrize("fails_at", range(1, 7))
async def test_a_look_that_fails_on_its_way_is_made_up_for(
    city: City, redis: Redis, shared: SharedAnswers, fails_at: int
) -> None:
    for sample in (ITEM, IMPLEMENTATION):
        await city.bring_out(sample)
    await city.bring_out({**LIFE_EVENT, "code": "moving-in"}, steps=[{"entry": ITEM["code"]}])
    pool = WatchedPool(city.database.pool)
    reader = Reader(city, Shelf(pool, redis), shared)
    await reader.shelf.refresh()
    assert await reader.at(THURSDAY, lifeEvent="moving-in") == {IMPLEMENTATION_CODE}
    async with city.database.session() as session:
        await suspend(session, city.clock, REVIEWER, "moving-in", "because")
    pool.asked, pool.fails_at = 0, fails_at
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await reader.shelf.refresh()
    await reader.shelf.refresh()
    assert await reader.at(THURSDAY, lifeEvent="moving-in") == set()


async def test_how_an_entry_stands_is_read_once_until_it_changes(city: City, redis: Redis) -> None:
    for sample in (ITEM, IMPLEMENTATION):
        await city.bring_out(sample)
    pool = WatchedPool(city.database.pool)
    shelf = Shelf(pool, redis)
    await shelf.refresh()

    async def launched() -> tuple[bool | None, int]:
        pool.asked = 0
        found = await launch(shelf, city.clock.now(), IMPLEMENTATION_CODE, Asked("web", ""))
        return found.opens if found else None, pool.asked

    assert [await launched() for _ in range(3)] == [(True, 1), (True, 0), (True, 0)]
    async with city.database.session() as session:
        await suspend(session, city.clock, REVIEWER, IMPLEMENTATION_CODE, "because")
    await shelf.refresh()
    assert [await launched() for _ in range(2)] == [(False, 1), (False, 0)]


@pytest.mark.parametrize("code", ["\0", "", "a/b", "结婚", "x" * 65, "fine\n"])
async def test_what_can_be_no_code_has_no_launch_and_costs_no_query(city: City, redis: Redis, code: str) -> None:
    pool = WatchedPool(city.database.pool)
    shelf = Shelf(pool, redis)
    assert await launch(shelf, city.clock.now(), code, Asked("web", "")) is None
    assert pool.asked == 0
