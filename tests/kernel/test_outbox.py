"""Messages are done at least once and their effects exactly once, by real worker processes, whatever dies."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from redis.asyncio import Redis

from cli.outbox import outbox as outbox_command
from kernel.clock import ManualClock, SystemClock
from kernel.database import Database, driver
from kernel.embedded.valkey import start_valkey
from kernel.ids import uuid7
from kernel.outbox import KEY_PREFIX, OutboxMessage, attach_outbox, publish, send, sweep
from kernel.redis import open_redis
from kernel.settings import Settings
from tests.kernel.outbox_tasks import Write

pytestmark = pytest.mark.case("issue-2.1")


@contextmanager
def running(settings: Settings, role: str) -> "Iterator[subprocess.Popen[str]]":
    """A real worker or beat process."""
    command = [sys.executable, str(Path(__file__).with_name("outbox_tasks.py")), role]
    urls = {"YIWANG_DATABASE_URL": settings.database_url, "YIWANG_REDIS_URL": settings.redis_url}
    process = subprocess.Popen(command, env={**os.environ, **urls}, text=True)  # noqa: S603 - ourselves
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
async def outbox(database: Database, redis: Redis) -> Database:
    """The test's database, whose sessions publish, with a table for effects."""
    await database.pool.execute("CREATE TABLE effects (number int)")
    attach_outbox(database, redis)
    return database


async def _send(database: Database, *numbers: int, seconds: float = 0.0) -> None:
    async with database.session() as session:
        for number in numbers:
            send(session, SystemClock(), "outbox.test_write", Write(number, seconds))


async def _effects(database: Database, expected: int) -> list[int]:
    """The effects once there are ``expected`` of them and the outbox is empty; what there is after a minute."""
    for _ in range(3000):
        rows = await database.pool.fetch("SELECT number FROM effects ORDER BY number")
        if len(rows) >= expected and not await database.pool.fetchval("SELECT count(*) FROM outbox"):
            break
        await asyncio.sleep(0.02)
    return [row["number"] for row in rows]


async def _make_due(database: Database) -> None:
    await database.pool.execute("UPDATE outbox SET due_at = now()")


async def test_a_worker_does_what_was_committed_and_only_that(outbox: Database, settings: Settings) -> None:
    with running(settings, "worker"):
        await _send(outbox, 1, 2, 3)
        with pytest.raises(RuntimeError):
            async with outbox.session() as session:
                send(session, SystemClock(), "outbox.test_write", Write(4))
                raise RuntimeError
        await _send(outbox, 5)
        assert await _effects(outbox, 4) == [1, 2, 3, 5]


async def test_a_message_that_arrives_three_times_is_done_once(
    outbox: Database, redis: Redis, settings: Settings
) -> None:
    await _send(outbox, 1)
    row = OutboxMessage(**await outbox.pool.fetchrow("SELECT * FROM outbox"))
    await publish(redis, [row, row])
    with running(settings, "worker"):
        await _send(outbox, 2)
        assert await _effects(outbox, 2) == [1, 2]
        while await redis.llen(KEY_PREFIX + "system"):
            await asyncio.sleep(0.02)
    assert await _effects(outbox, 2) == [1, 2]


async def test_a_failing_task_is_noted_and_tried_again_later(outbox: Database, settings: Settings) -> None:
    with running(settings, "worker"):
        await _send(outbox, -1)
        while not await outbox.pool.fetchval("SELECT failures FROM outbox"):
            await asyncio.sleep(0.02)
    (row,) = await outbox.pool.fetch("SELECT * FROM outbox")
    assert row["last_error"] == "ValueError: numbers are positive"
    assert row["due_at"] > datetime.now(UTC)
    assert await outbox.pool.fetchval("SELECT count(*) FROM effects") == 0


async def test_what_cannot_be_read_any_more_is_given_up_as_what_fails(outbox: Database, settings: Settings) -> None:
    """A former version has sent it, with other arguments."""
    async with outbox.session() as session:
        for number in (1, 2):
            send(session, SystemClock(), "outbox.test_try_once", Write(number))
        await session.flush()
        unread = "UPDATE outbox SET arguments = '{\"number\": {\"n\": 2}}' WHERE arguments->>'number' = '2'"
        await (await driver(session)).execute(unread)
    with running(settings, "worker"):
        async with asyncio.timeout(60):
            while await outbox.pool.fetchval("SELECT count(*) FROM outbox WHERE due_at IS NOT NULL"):
                await asyncio.sleep(0.02)
    given_up = await outbox.pool.fetch("SELECT failures, last_error FROM outbox ORDER BY id")
    assert [tuple(each) for each in given_up] == [
        (1, "ValueError: 1"),
        (1, "ValidationError: Expected `int`, got `object` - at `$.number`"),
    ]
    assert await outbox.pool.fetchval("SELECT array_agg(number) FROM effects") == [1]
    async with outbox.session() as session:
        assert await sweep(session, ManualClock(datetime.now(UTC) + timedelta(days=9))) == 0


async def test_a_killed_broker_and_a_killed_worker_lose_nothing(outbox: Database, settings: Settings) -> None:
    with tempfile.TemporaryDirectory(prefix="yiwang-", ignore_cleanup_errors=True) as folder:
        broker = start_valkey(Path(folder))
        settings = msgspec.structs.replace(settings, redis_url=broker.url)
        async with open_redis(settings) as redis:
            outbox.after_commit.clear()
            attach_outbox(outbox, redis)
            try:
                with running(settings, "worker") as worker, running(settings, "beat"):
                    await _send(outbox, 1)
                    assert await _effects(outbox, 1) == [1]

                    await _send(outbox, 2, seconds=60)  # the worker dies while doing this one
                    await asyncio.sleep(0.1)
                    worker.kill()
                    await _send(outbox, 3)
                    assert broker.process is not None
                    broker.process.kill()
                    broker.process.wait()
                    await _send(outbox, 4)  # nobody takes it
                    await outbox.pool.execute("UPDATE outbox SET arguments = arguments || '{\"seconds\": 0}'")

                    broker = start_valkey(Path(folder))
                    await redis.flushall()  # and the broker forgets what it had
                    await _make_due(outbox)
                    with running(settings, "worker"):
                        assert await _effects(outbox, 4) == [1, 2, 3, 4]
            finally:
                broker.stop()


async def test_the_sweep_waits_longer_each_time(outbox: Database, redis: Redis) -> None:
    clock = ManualClock(datetime.now(UTC))
    await _send(outbox, 1)
    waits = []
    for _ in range(10):
        async with outbox.session() as session:
            assert await sweep(session, clock) == 0
        due = await outbox.pool.fetchval("SELECT due_at FROM outbox")
        waits.append((due - clock.now()).total_seconds())
        clock.advance(due - clock.now() + timedelta(seconds=1))
        async with outbox.session() as session:
            assert await sweep(session, clock) == 1
    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx(3600)


async def test_a_delayed_message_waits_for_the_sweep(outbox: Database, redis: Redis) -> None:
    clock = ManualClock(datetime.now(UTC))
    async with outbox.session() as session:
        send(session, clock, "outbox.test_write", Write(1), delay=timedelta(hours=1))
    assert await redis.llen(KEY_PREFIX + "system") == 0
    clock.advance(timedelta(hours=1))
    async with outbox.session() as session:
        assert await sweep(session, clock) == 1
    assert await redis.llen(KEY_PREFIX + "system") == 1


async def test_a_task_without_a_queue_is_refused_where_it_is_sent(outbox: Database) -> None:
    with pytest.raises(LookupError, match=r"add 'nobody' to kernel/queues\.py"):
        async with outbox.session() as session:
            send(session, SystemClock(), "nobody.does_it", Write(1))


async def test_a_message_without_a_queue_holds_up_no_other(
    outbox: Database, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """Its feature may have gone with a release, or come with one that this worker does not have yet."""
    await _send(outbox, 1, 2)
    await redis.flushall()
    await _make_due(outbox)
    await outbox.pool.execute(
        "UPDATE outbox SET task = 'gone.does_it', due_at = due_at - interval '1 day' WHERE arguments->>'number' = '1'"
    )
    async with outbox.session() as session:
        assert await sweep(session, SystemClock()) == 1
    assert await redis.llen(KEY_PREFIX + "system") == 1
    assert "a message cannot be sent" in caplog.text
    assert await outbox.pool.fetchval("SELECT min(due_at) > now() FROM outbox")


async def test_stuck_messages_are_shown_and_tried_again(
    outbox: Database, redis: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIWANG_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("YIWANG_REDIS_URL", settings.redis_url)

    async def shown(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, outbox_command, arguments)

    await _send(outbox, 1, 2, 3)
    assert (await shown()).output == "No message is stuck.\n"
    await outbox.pool.execute("UPDATE outbox SET due_at = NULL, failures = 10, last_error = 'ValueError: no bays'")
    listed = (await shown()).output
    assert listed.count("outbox.test_write") == listed.count("10 failures\n    ValueError: no bays") == 3
    unknown = await shown("--retry", str(uuid7()))
    assert unknown.exit_code == 2
    assert "is stuck; `yiwang outbox` lists them" in unknown.output
    first = listed.split()[0]
    assert (await shown("--retry", first)).output == "1 messages will be tried again.\n"
    assert (await shown()).output.count("outbox.test_write") == 2
    assert (await shown("--retry-all")).output == "2 messages will be tried again.\n"
    await redis.flushall()
    async with outbox.session() as session:
        assert await sweep(session, SystemClock()) == 3
    assert await outbox.pool.fetchval("SELECT max(failures) FROM outbox") == 0
