"""What a process reads of the catalogue: days on which entries hold, and hours by duty calendars."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import msgspec
import pytest
from redis.asyncio import Redis
from sqlalchemy import update
from sqlmodel import col

from services_catalog.organisations import duty
from services_catalog.organisations.calendar_file import read_calendars
from services_catalog.organisations.tables import Organisation
from services_catalog.reading.answering import Answering
from services_catalog.reading.shared import SharedAnswers
from services_catalog.reading.shelf import Shelf
from tests.catalogue.conftest import City
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
