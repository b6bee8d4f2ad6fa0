"""Sign-ins and sign-outs reach the audit log soon, each exactly once, whatever workers do."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from auth.clients.clients import ensure_own
from auth.errors import ClientRefusedError
from auth.sessions.recording import record
from auth.sessions.sessions import end
from auth.sessions.tasks import end_due_sessions, forget_sessions, record_sessions
from kernel.audit.chain import text_of
from kernel.audit.verify import verify
from kernel.celery import TaskContext
from kernel.clock import ManualClock
from kernel.database import Database, open_database
from kernel.settings import Settings
from tests.auth.residents import APP, LIFETIMES, OTHER, Residents


@pytest.fixture
def context(settings: Settings, database: Database, redis: Redis, clock: ManualClock) -> TaskContext:
    return TaskContext(settings, database, redis, clock)


async def entries(database: Database, *actions: str) -> list[dict[str, Any]]:
    rows = await database.pool.fetch("SELECT * FROM audit_entry WHERE action = ANY($1) ORDER BY seq", actions)
    return [dict(row) | {"details": json.loads(row["details"])} for row in rows]


async def test_a_session_is_recorded_when_it_begins_and_when_it_ends(
    context: TaskContext, clock: ManualClock, residents: Residents
) -> None:
    parent = await residents.sign_in("openid-1")
    child = await residents.follow(parent, OTHER)
    begun_at = text_of(clock.now())
    clock.advance(timedelta(seconds=4))
    for _ in range(2):
        await record_sessions(context)
    begun = await entries(context.database, "session.begun")
    assert {(each["actor"], each["acr"]) for each in begun} == {(f"account:{parent.account_id}", "L1")}
    about = {"at": begun_at, "channel": "wechat", "client": APP}
    assert [(each["object"], each["details"]) for each in begun] == [
        (f"session:{parent.sid}", about),
        (f"session:{child.sid}", about | {"client": OTHER, "parent": parent.sid}),
    ]
    clock.advance(LIFETIMES.idle)
    await end_due_sessions(context)
    for _ in range(2):
        await record_sessions(context)
    ended = await entries(context.database, "session.ended")
    assert {each["object"] for each in ended} == {each["object"] for each in begun}
    assert [each["details"] for each in ended] == [{"at": text_of(clock.now()), "reason": "idle"}] * 2


async def test_a_session_that_is_over_before_it_was_recorded_has_both_entries(
    context: TaskContext, residents: Residents
) -> None:
    signed_in = await residents.sign_in("openid-1")
    async with context.database.session() as session:
        await end(session, context.clock, [signed_in.sid], "signed_out_everywhere")
    await record_sessions(context)
    both = await entries(context.database, "session.begun", "session.ended")
    assert [each["action"] for each in both] == ["session.begun", "session.ended"]
    assert both[1]["details"]["reason"] == "signed_out_everywhere"


async def test_two_workers_and_one_that_dies_record_each_session_once(
    context: TaskContext, residents: Residents
) -> None:
    sids = {(await residents.sign_in("openid-1")).sid for _ in range(230)}
    with pytest.raises(RuntimeError, match="dies"):
        async with context.database.session() as session:
            assert await record(session, context.clock) == 200
            raise RuntimeError("this worker dies before its commit")
    async with open_database(context.settings) as other:
        second = TaskContext(context.settings, other, context.redis, context.clock)
        await asyncio.gather(*(record_sessions(each) for each in (context, second)))
    begun = await entries(context.database, "session.begun")
    assert len(begun) == 230
    assert {each["object"] for each in begun} == {f"session:{sid}" for sid in sids}
    async with context.database.pool.acquire() as connection:
        assert (await verify(connection, {}, {})).findings == []


async def test_nothing_is_deleted_that_is_not_recorded(
    context: TaskContext, clock: ManualClock, residents: Residents
) -> None:
    await residents.sign_in("openid-1")
    clock.advance(LIFETIMES.idle)
    await end_due_sessions(context)
    clock.advance(timedelta(days=185))
    left = []
    for _ in range(2):
        await forget_sessions(context)
        left.append(await context.database.pool.fetchval("SELECT count(*) FROM session"))
        await record_sessions(context)
    assert left == [1, 0]
    assert len(await entries(context.database, "session.begun", "session.ended")) == 2


async def test_what_is_not_recorded_is_found_by_an_index_of_just_that(database: Database) -> None:
    missing = "NOT begin_recorded OR (ended_at IS NOT NULL AND NOT end_recorded)"
    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = await connection.fetch(f"EXPLAIN SELECT sid FROM session WHERE {missing} ORDER BY created_at LIMIT 200")  # noqa: S608 - the test's own
    assert any("session_unrecorded" in row[0] for row in plan)


async def test_an_app_has_an_id_that_the_log_takes(database: Database, clock: ManualClock) -> None:
    async with database.session() as session:
        with pytest.raises(ClientRefusedError, match="'my app' is no app id"):
            await ensure_own(session, clock, {"my app": ()})
