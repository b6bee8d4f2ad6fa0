"""Sessions that nobody ended: they end by themselves as by a sign-out, once, and their rows go half a year later."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from redis.asyncio import Redis

from auth.accounts.accounts import freeze
from auth.sessions.ended import EndedSessions, attach_ended
from auth.sessions.families import begin_family, standing
from auth.sessions.refresh import issue
from auth.sessions.sessions import SESSION_ENDED, end, live, seen
from auth.sessions.tables import Session
from auth.sessions.tasks import end_due_sessions, forget_sessions, record_sessions
from kernel.celery import TaskContext
from kernel.clock import ManualClock
from kernel.database import Database, open_database
from tests.auth.relying_parties import InProcessWorker, RelyingParty, add_client, published, verified, visit
from tests.auth.residents import LIFETIMES, OTHER, Residents

SECOND = timedelta(seconds=1)


async def reason(database: Database, sid: str) -> str:
    """Return why a session has ended, empty while it lives."""
    found: str = await database.pool.fetchval("SELECT end_reason FROM session WHERE sid = $1", sid)
    return found


async def told(worker: InProcessWorker, site: RelyingParty) -> list[str]:
    """Return the sids that a site has heard of, by tokens that it would accept."""
    await worker.do_all()
    context = worker.context
    jwks = await published(context.database, context.settings, context.clock)
    return [str(verified(each, jwks).claims["sid"]) for each in site.received]


@pytest.fixture
async def owner(
    database: Database, clock: ManualClock, residents: Residents, worker: InProcessWorker, site: RelyingParty
) -> Session:
    """Somebody whose session has led to a site, and would end by idleness in an hour."""
    assert worker.context.database is database
    await add_client(database, clock, "housing", site.origin + "/backchannel")
    signed_in = await residents.sign_in("openid-1")
    await visit(database, clock, signed_in, "housing")
    return signed_in


async def test_a_site_hears_once_of_a_session_that_was_not_used(
    owner: Session, clock: ManualClock, worker: InProcessWorker, site: RelyingParty
) -> None:
    clock.advance(LIFETIMES.idle - SECOND)
    await end_due_sessions(worker.context)
    assert await told(worker, site) == []
    clock.advance(SECOND)
    for _ in range(2):
        await end_due_sessions(worker.context)
    assert await told(worker, site) == [owner.sid]
    assert await reason(worker.context.database, owner.sid) == "idle"


async def test_a_session_that_was_used_one_second_before_lives_until_it_is_too_old(
    owner: Session, database: Database, clock: ManualClock, worker: InProcessWorker, site: RelyingParty
) -> None:
    for _ in range(24):
        clock.advance(LIFETIMES.idle - SECOND)
        await end_due_sessions(worker.context)
        async with database.session() as session:
            seen(session, clock, await live(session, clock, owner.sid))
    assert await told(worker, site) == []
    clock.advance(24 * SECOND)  # which makes a day
    await end_due_sessions(worker.context)
    assert await told(worker, site) == [owner.sid]
    assert await reason(database, owner.sid) == "expired"


async def test_a_use_that_is_not_committed_yet_counts(
    owner: Session, database: Database, clock: ManualClock, worker: InProcessWorker
) -> None:
    clock.advance(LIFETIMES.idle - SECOND)
    async with database.session() as session:
        seen(session, clock, await live(session, clock, owner.sid))
        await session.flush()
        clock.advance(SECOND)
        await end_due_sessions(worker.context)
    await end_due_sessions(worker.context)
    assert await reason(database, owner.sid) == ""


async def test_what_came_from_a_session_ends_with_it_and_not_the_other_way_round(
    owner: Session, residents: Residents, worker: InProcessWorker, site: RelyingParty
) -> None:
    database, clock = worker.context.database, residents.clock
    first = await residents.follow(owner, OTHER)
    clock.advance(timedelta(minutes=30))
    second = await residents.follow(owner, OTHER)
    await visit(database, clock, second, "housing")
    async with database.session() as session:
        seen(session, clock, await live(session, clock, owner.sid))
    clock.advance(timedelta(minutes=30))
    await end_due_sessions(worker.context)
    assert [await reason(database, each.sid) for each in (first, owner, second)] == ["idle", "", ""]
    async with database.session() as session:
        seen(session, clock, await live(session, clock, second.sid))
    clock.advance(timedelta(minutes=30))
    await end_due_sessions(worker.context)
    assert sorted(await told(worker, site)) == sorted([owner.sid, second.sid])  # though the second was in use


async def test_gateways_hear_of_it(owner: Session, clock: ManualClock, worker: InProcessWorker, redis: Redis) -> None:
    database = worker.context.database
    attach_ended(database, redis)
    ended = EndedSessions(database.pool, redis, clock, timedelta(minutes=5))
    await ended.start()
    try:
        clock.advance(LIFETIMES.idle)
        await end_due_sessions(worker.context)
        async with asyncio.timeout(1):
            while owner.sid not in ended:
                await asyncio.sleep(0.01)
    finally:
        await ended.close()


async def test_access_while_they_are_away_outlives_idleness_and_nothing_else(
    owner: Session, database: Database, clock: ManualClock, worker: InProcessWorker
) -> None:
    async with database.session() as session:
        plain, offline = [
            begin_family(session, clock, owner, "housing", scope=scope, life=timedelta(days=30))
            for scope in ("openid", "openid offline_access")
        ]
    clock.advance(LIFETIMES.idle)
    await end_due_sessions(worker.context)
    async with database.session() as session:
        assert [await standing(session, clock, each.id) is None for each in (plain, offline)] == [True, False]
        await freeze(session, clock, owner.account_id)
    async with database.session() as session:
        assert await standing(session, clock, offline.id) is None


async def test_two_workers_end_each_session_once(
    database: Database, clock: ManualClock, residents: Residents, worker: InProcessWorker
) -> None:
    sids = {(await residents.sign_in("openid-1")).sid for _ in range(230)}
    clock.advance(LIFETIMES.idle)
    async with open_database(worker.context.settings) as other:
        contexts = [worker.context, TaskContext(worker.context.settings, other, worker.context.redis, clock)]
        await asyncio.gather(*(end_due_sessions(each) for each in contexts))
    messages = await database.pool.fetch("SELECT arguments FROM outbox WHERE task = $1", SESSION_ENDED)
    ended = [sid for row in messages for sid in msgspec.json.decode(row["arguments"])["sids"]]
    assert len(ended) == 230
    assert set(ended) == sids


async def test_what_is_due_is_found_by_the_index_alone(database: Database) -> None:
    due = "SELECT sid FROM session WHERE LEAST(idle_until, expires_at) <= now() AND ended_at IS NULL"
    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = await connection.fetch(f"EXPLAIN {due} ORDER BY LEAST(idle_until, expires_at) LIMIT 100")
    text = "\n".join(row[0] for row in plan)
    assert "Index Scan using session_due" in text
    assert "Sort" not in text


async def rows(database: Database) -> tuple[int, int, int]:
    """Count sessions, token families and refresh tokens."""
    query = "SELECT (SELECT count(*) FROM session), (SELECT count(*) FROM token_family), count(*) FROM refresh_token"
    found: tuple[int, int, int] = tuple(await database.pool.fetchrow(query))
    return found


async def test_rows_are_kept_half_a_year_and_then_deleted(
    owner: Session, database: Database, clock: ManualClock, residents: Residents, worker: InProcessWorker
) -> None:
    child = await residents.follow(owner, OTHER)
    async with database.session() as session:
        family = begin_family(session, clock, child, OTHER, scope="openid", life=timedelta(days=1))
        await session.flush()
        await issue(session, clock, family, LIFETIMES.idle)
    async with database.session() as session:
        await end(session, clock, [owner.sid], "signed_out")
    await record_sessions(worker.context)
    clock.advance(timedelta(days=184))
    await forget_sessions(worker.context)
    assert await rows(database) == (2, 2, 1)
    kept = await residents.sign_in("openid-1")
    await visit(database, clock, kept, "housing")
    clock.advance(SECOND)
    await asyncio.gather(*(forget_sessions(worker.context) for _ in range(2)))
    assert await rows(database) == (1, 1, 0)


async def test_a_session_is_kept_while_a_token_of_it_may_be_used(
    owner: Session, database: Database, clock: ManualClock, worker: InProcessWorker
) -> None:
    settings = msgspec.structs.replace(worker.context.settings, session_retention_days=1)
    context = TaskContext(settings, database, worker.context.redis, clock)
    async with database.session() as session:
        begin_family(session, clock, owner, "housing", scope="openid offline_access", life=timedelta(days=30))
    clock.advance(LIFETIMES.absolute)
    await end_due_sessions(context)
    await record_sessions(context)
    clock.advance(timedelta(days=30))
    await forget_sessions(context)
    assert (await rows(database))[0] == 1
    clock.advance(SECOND)
    await forget_sessions(context)
    assert await rows(database) == (0, 0, 0)
