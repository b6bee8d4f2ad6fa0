"""What is answered again without asking again: until it may be another answer, and whatever happens to Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from kernel.clock import ManualClock
from kernel.database import Database
from kernel.redis import open_redis
from kernel.settings import Settings
from services_catalog.announcements import announce
from services_catalog.lifecycle.publication import suspend
from services_catalog.reading.answering import Answering
from services_catalog.reading.shared import Found, SharedAnswers
from services_catalog.reading.shelf import Shelf
from tests.catalogue.conftest import EDITOR, REVIEWER, TREE, City
from tests.services_catalog.entries.samples import IMPLEMENTATION, IMPLEMENTATION_CODE, ITEM

pytestmark = pytest.mark.case("issue-4.6")
EAST, WEST = "/search?text=结婚&district=east", "/search?text=结婚&district=west"
ENTRY = f"/entries/{IMPLEMENTATION_CODE}"


class Reading:
    """What one gateway reads the catalogue with."""

    def __init__(self, database: Database, redis: Redis, clock: ManualClock) -> None:
        self.shelf = Shelf(database.pool, redis)
        self.shared = SharedAnswers(redis)
        self.answering = Answering(self.shelf, self.shared, clock)

    async def tag(self, target: str) -> bytes:
        return (await self.answering.answer(target)).tag

    async def ask(self, target: str) -> Any:
        return msgspec.json.decode((await self.answering.answer(target)).body)

    async def total(self, target: str) -> int:
        total: int = (await self.ask(target))["total"]
        return total

    async def name(self) -> str:
        name: str = (await self.ask(ENTRY))["name"]["zh"]
        return name


@pytest.fixture
async def entries(database: Database) -> City:
    made = City(database)
    await made.found(TREE)
    await made.give(EDITOR, "editor", "city")
    await made.give(REVIEWER, "reviewer", "city")
    for sample in (ITEM, IMPLEMENTATION):
        await made.bring_out(sample)
    return made


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 5, 4, 1, 0, 30, tzinfo=UTC))  # 09:00:30 in China


Open = Callable[..., AbstractAsyncContextManager[Reading]]


@pytest.fixture
def reading(database: Database, redis: Redis, clock: ManualClock) -> Open:
    @asynccontextmanager
    async def opened(through: Redis = redis) -> AsyncIterator[Reading]:
        made = Reading(database, through, clock)
        await made.shelf.start()
        try:
            yield made
        finally:
            await made.shared.close()
            await made.shelf.close()

    return opened


async def rename(entries: City, name: str) -> int:
    return await entries.bring_out(ITEM, name={"zh": name, "en": "Marriage"})


async def test_a_change_makes_stale_what_it_concerns(entries: City, reading: Open) -> None:
    async with reading() as one:
        before = {target: await one.tag(target) for target in (EAST, WEST, ENTRY, "/search", "/home?district=west")}
        assert before == {target: await one.tag(target) for target in before}
        await rename(entries, "婚姻登记")
        await one.shelf.refresh()
        after = {target: await one.tag(target) for target in before}
        assert {target for target in before if before[target] != after[target]} == {EAST, ENTRY, "/search"}
        assert await one.name() == "婚姻登记"


async def test_what_is_suspended_is_in_no_kept_answer(entries: City, reading: Open) -> None:
    async with reading() as one, reading() as other:
        assert [await each.total(EAST) for each in (one, other)] == [1, 1]
        async with entries.database.session() as session:
            await suspend(session, entries.clock, REVIEWER, IMPLEMENTATION_CODE, "because")
        await one.shelf.refresh()
        await other.shelf.refresh()
        assert [await each.total(EAST) for each in (one, other)] == [0, 0]
        assert await one.ask(ENTRY) is None


@pytest.mark.parametrize("redis_url", ["", "unix:///nowhere/valkey.sock"], ids=["with Redis", "without Redis"])
async def test_two_gateways_follow(entries: City, reading: Open, settings: Settings, redis_url: str) -> None:
    through = msgspec.structs.replace(settings, redis_url=redis_url or settings.redis_url)
    async with open_redis(through) as redis, reading(redis) as one, reading(redis) as other:
        for name in ("婚姻登记", "结婚登记", "婚姻注册"):
            await announce(redis, await rename(entries, name))
            async with asyncio.timeout(20):
                while {await one.name(), await other.name()} != {name}:
                    await asyncio.sleep(0.01)
            assert await one.total(EAST) == await other.total(EAST) == 1


async def test_another_gateway_s_answer_is_taken_until_it_is_stale(entries: City, reading: Open, redis: Redis) -> None:
    async with reading() as one:
        assert await one.total(EAST) == 1
        async with asyncio.timeout(10):
            while not (names := await redis.keys("yiwang:found:*")):
                await asyncio.sleep(0.01)
        data = await redis.get(names[0])
        assert isinstance(data, bytes)
        found = msgspec.msgpack.decode(data, type=Found)
        marked = Found(found.revision, msgspec.structs.replace(found.answer, total=41))
        await redis.set(names[0], msgspec.msgpack.encode(marked))
        async with reading() as other:
            assert await other.total(EAST) == 41
            await rename(entries, "婚姻登记")
            await other.shelf.refresh()
            assert await other.total(EAST) == 1
        await redis.set(names[0], msgspec.msgpack.encode(marked))
        async with reading() as fresh:  # it began after the change, so it cannot tell what that concerned
            assert await fresh.total(EAST) == 1
        await redis.set(names[0], msgspec.msgpack.encode(Found(found.revision + 9, marked.answer)))
        async with reading() as behind:  # or of a database that was restored since
            assert await behind.total(EAST) == 1
        await redis.set(names[0], b"nonsense")
        async with reading() as last:
            assert await last.total(EAST) == 1


async def test_a_redis_that_hangs_is_asked_by_nobody_for_a_while(
    entries: City, reading: Open, settings: Settings
) -> None:
    connections = 0

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read(-1)
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with server:
        url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with open_redis(msgspec.structs.replace(settings, redis_url=url)) as hanging:
            made = Reading(entries.database, hanging, ManualClock(datetime.now(UTC)))
            await made.shelf.refresh()
            for number in range(100):
                assert await made.total(f"{EAST}&first={number + 1}") == 1
            assert connections < 5
            await made.shared.close()


async def test_what_is_open_is_kept_for_the_minute(entries: City, reading: Open, clock: ManualClock) -> None:
    async with reading() as one:
        open_now, tag = EAST + "&open=true", await one.tag(EAST + "&open=true")
        clock.advance(timedelta(seconds=29))
        assert await one.tag(open_now) == tag
        clock.advance(timedelta(seconds=1))
        assert await one.tag(open_now) != tag


async def test_what_comes_at_midnight_is_found_then(entries: City, reading: Open, clock: ManualClock) -> None:
    await entries.bring_out(IMPLEMENTATION, effective_from="2026-05-05")
    async with reading() as one:
        assert await one.total(EAST) == 0
        clock.advance(timedelta(hours=14, minutes=59))
        assert await one.total(EAST) == 0
        clock.advance(timedelta(minutes=1))
        assert await one.total(EAST) == 1


class Passing:
    """A clock whose time passes while a question is answered."""

    def __init__(self, *moments: datetime) -> None:
        self._coming = [*moments]

    def now(self) -> datetime:
        return self._coming.pop(0) if len(self._coming) > 1 else self._coming[0]


async def test_an_answer_that_was_asked_for_before_midnight_is_yesterday_s(
    entries: City, database: Database, redis: Redis
) -> None:
    await entries.bring_out(IMPLEMENTATION, effective_from="2026-05-05")
    midnight = datetime(2026, 5, 4, 16, tzinfo=UTC)
    shelf, shared = Shelf(database.pool, redis), SharedAnswers(redis)
    await shelf.refresh()
    answering = Answering(shelf, shared, Passing(midnight - timedelta(milliseconds=10), midnight))
    totals = [msgspec.json.decode((await answering.answer("/search")).body)["total"] for _ in range(2)]
    assert totals == [0, 1]
    await shared.close()


async def test_a_district_that_moves_is_another_question(entries: City, reading: Open, clock: ManualClock) -> None:
    async with reading() as one:
        assert await one.total(EAST) == 1
        await entries.database.pool.execute("UPDATE organisation SET path = 'city/moved' WHERE code = 'east'")
        await entries.database.pool.execute("UPDATE catalog_revision SET revision = revision + 1, tree = revision + 1")
        await one.shelf.refresh()
        assert await one.total(EAST) == 0
