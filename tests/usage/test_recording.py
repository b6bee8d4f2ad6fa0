"""What a gateway process counts, and that it comes to the database once, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from redis.asyncio import Redis

import gateway.recording
from gateway.recording import Recorder, Sent
from kernel.celery import TaskContext
from kernel.clock import ManualClock
from kernel.database import Database, open_database
from kernel.redis import open_redis
from kernel.settings import Settings
from services_catalog.usage.tasks import forget_documents
from tests.publish.gateway_under_test import document
from tests.usage.conftest import City

CLOCK_AT = datetime(2026, 11, 29, 15, 59, tzinfo=UTC)  # one minute before midnight in UTC+8
QUERY = '{ parking { lot(id: "310101") { free } } }'


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(CLOCK_AT)


@pytest.fixture
async def recorder(database: Database, redis: Redis, clock: ManualClock) -> AsyncIterator[Recorder]:
    async with Recorder(database.pool, redis, clock) as recorder:
        yield recorder


def sent(text: str = QUERY, operation: str = "") -> Sent:
    return Sent(text, operation, ("parking",))


async def counts(database: Database) -> list[tuple[str, str, str, int]]:
    rows = await database.pool.fetch("SELECT operation, client, day::text, count FROM document_sent ORDER BY 1, 2, 3")
    return [tuple(row) for row in rows]


async def since(database: Database) -> datetime:
    found: datetime = await database.pool.fetchval("SELECT since FROM usage_recording")
    return found


async def test_counts_are_of_a_day_a_client_and_an_operation(
    recorder: Recorder, database: Database, clock: ManualClock
) -> None:
    one, other = sent(), sent("query Q { parking { lots { free } } }", "Q")
    for client in ("wx1", "wx1", "", "wx2"):
        recorder(one, client)
    recorder(other, "wx1")
    await recorder.flush()
    recorder(one, "wx1")
    await recorder.flush()
    clock.advance(timedelta(minutes=1))
    recorder(one, "wx1")
    await recorder.flush()
    first, second = "2026-11-29", "2026-11-30"
    assert await counts(database) == [
        ("", "", first, 1),
        ("", "wx1", first, 3),
        ("", "wx1", second, 1),
        ("", "wx2", first, 1),
        ("Q", "wx1", first, 1),
    ]


async def test_the_text_is_stored_once_without_values(recorder: Recorder, database: Database) -> None:
    for id_ in ("310101", "310102"):
        recorder(sent(QUERY.replace("310101", id_)), "wx1")
    await recorder.flush()
    rows = await database.pool.fetch("SELECT text, services FROM document")
    assert [tuple(row) for row in rows] == [('{parking{lot(id:""){free}}}', ["parking"])]
    assert [row[3] for row in await counts(database)] == [2]


async def test_what_cannot_be_written_is_kept(
    settings: Settings, database: Database, redis: Redis, clock: ManualClock
) -> None:
    nowhere = msgspec.structs.replace(settings, database_url="postgresql://app@/app?host=/nowhere")
    async with open_database(nowhere) as away:
        recorder = Recorder(away.pool, redis, clock)
        one = sent()
        for _ in range(2):
            recorder(one, "wx1")
            await recorder.flush()
        recorder._pool = database.pool
        await recorder.flush()
    assert [row[3] for row in await counts(database)] == [2]
    assert await since(database) == CLOCK_AT


async def test_a_process_asks_the_others_before_it_judges(
    recorder: Recorder, database: Database, redis: Redis, clock: ManualClock
) -> None:
    recorder(sent(), "wx1")
    async with Recorder(database.pool, redis, clock) as other, asyncio.timeout(20):
        while not await counts(database):
            await other.flush_everywhere()
            await asyncio.sleep(0.01)


async def test_without_redis_everything_is_recorded(settings: Settings, database: Database, clock: ManualClock) -> None:
    nowhere = msgspec.structs.replace(settings, redis_url="unix:///nowhere/valkey.sock")
    async with open_redis(nowhere) as silent, Recorder(database.pool, silent, clock) as recorder:
        recorder(sent(), "wx1")
        await recorder.flush_everywhere()
        assert [row[3] for row in await counts(database)] == [1]


async def test_a_gateway_that_ends_has_written_everything(database: Database, redis: Redis, clock: ManualClock) -> None:
    async with Recorder(database.pool, redis, clock) as recorder:
        recorder(sent(), "wx1")
    assert [row[3] for row in await counts(database)] == [1]


@pytest.mark.parametrize("limit", ["_MOST_CHARACTERS", "_MOST_KEYS", "_MOST_STRANGE"])
async def test_beyond_a_limit_the_record_says_that_it_is_not_whole(
    recorder: Recorder, database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    clock.advance(timedelta(seconds=10))
    recorder(sent(), "")
    await recorder.flush()
    assert await since(database) == CLOCK_AT
    monkeypatch.setattr(gateway.recording, limit, 0)
    recorder(sent("{ parking { other } }"), "")
    await recorder.flush()
    assert len(await counts(database)) == 1
    assert await since(database) == CLOCK_AT + timedelta(seconds=10)


async def test_strangers_cannot_fill_the_database_but_apps_are_recorded(
    recorder: Recorder, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway.recording, "_MOST_STRANGE", 3)
    for number in range(9):
        recorder(sent(f"{{ parking {{ made{number} }} }}"), "")
    recorder(sent(), "wx1")
    await recorder.flush()
    assert len(await counts(database)) == 4


async def test_what_is_older_than_30_days_is_forgotten(
    recorder: Recorder, database: Database, redis: Redis, clock: ManualClock, settings: Settings
) -> None:
    one, other = sent(), sent("query Q { parking { lots { free } } }", "Q")
    recorder(one, "wx1")
    recorder(other, "wx1")
    await recorder.flush()
    clock.advance(timedelta(days=31))
    recorder(one, "wx1")
    await recorder.flush()
    await forget_documents(TaskContext(settings, database, redis, clock))
    assert [row[0] for row in await counts(database)] == [""]
    assert await database.pool.fetchval("SELECT count(*) FROM document") == 1
    recorder(other, "wx1")  # its plan is still in memory, its text is no longer in the database
    await recorder.flush()
    assert len(await counts(database)) == 2


async def test_only_planned_documents_that_ask_departments_are_recorded(city: City) -> None:
    await city.publish(document("free"))
    await city.send("{ catalog { services { name } } }", "wx1")
    await city.send("{ parking { lots { nothing } } }", "wx1")
    await city.send("{ parking", "wx1")
    await city.send("{ __schema { queryType { name } } }", "wx1")
    await city.send("query A { parking { lots { free } } } query B { parking { lots { __typename } } }", "wx1", "B")
    await city.gateway.recorder.flush()
    assert await city.rows("SELECT operation, client, count FROM document_sent") == [("B", "wx1", 1)]
