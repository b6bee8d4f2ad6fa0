"""Back-channel logout: every relying party hears once of a session's end, and nobody who signs out waits for it."""

import asyncio
import os
import subprocess
import time
from datetime import timedelta

import msgspec
import pytest
from redis.asyncio import Redis

from auth.accounts.merging import merge
from auth.issuer import issuer
from auth.keys import key_ring
from auth.provider.tasks import LOGOUT_TOKEN, WAITS
from auth.sessions.families import begin_family
from auth.sessions.sessions import SESSION_ENDED, end, end_all_of, revoke_family
from cli.supervisor import child_environment, ourselves
from kernel.celery import TaskContext
from kernel.clock import Clock, ManualClock, SystemClock
from kernel.crypto.keys import key_path, open_keys
from kernel.database import Database
from kernel.outbox import attach_outbox
from kernel.settings import Settings
from tests.auth.relying_parties import InProcessWorker, RelyingParty, add_client, published, verified, visit
from tests.auth.residents import Residents

EVENT = "http://schemas.openid.net/event/backchannel-logout"


async def sign_out(database: Database, clock: Clock, *sids: str) -> None:
    async with database.session() as session:
        await end(session, clock, sids, "signed_out")


async def failed_at(database: Database, client_id: str = "housing") -> object:
    return await database.pool.fetchval("SELECT backchannel_failed_at FROM client WHERE client_id = $1", client_id)


async def test_a_logout_token_is_as_the_openid_foundations_suite_checks_it(
    database: Database, clock: ManualClock, residents: Residents, worker: InProcessWorker, site: RelyingParty
) -> None:
    """ValidateLogoutTokenClaims of the conformance suite, and OWASP ASVS 10.5.5."""
    for client_id, tier in (("housing", "T1"), ("health", "T3")):
        await add_client(database, clock, client_id, site.origin + "/backchannel", tier)
    owner = await residents.sign_in("openid-1")
    subjects = await visit(database, clock, owner, "housing", "health")
    await sign_out(database, clock, owner.sid)
    await worker.do_all()

    jwks = await published(database, worker.context.settings, clock)
    tokens = [verified(text, jwks, "RS256", "ES256") for text in site.received]
    algorithms = {str(token.claims["aud"]): token.header["alg"] for token in tokens}
    assert algorithms == {"housing": "RS256", "health": "ES256"}
    for token in tokens:
        claims, now = token.claims, clock.now().timestamp()
        assert token.header["typ"] == "logout+jwt"
        assert claims["iss"] == issuer(worker.context.settings)
        assert claims["sub"] == subjects[str(claims["aud"])]
        assert claims["sid"] == owner.sid
        assert (claims["iat"], claims["exp"]) == (now, now + 120)
        assert claims["jti"]
        assert claims["events"] == {EVENT: {}}
        assert claims.keys() == {"iss", "aud", "sub", "sid", "iat", "exp", "jti", "events"}  # above all no nonce


@pytest.mark.case("SSO-19")
async def test_each_client_hears_once_of_each_sid(
    database: Database, clock: ManualClock, residents: Residents, worker: InProcessWorker, site: RelyingParty
) -> None:
    for client_id in ("housing", "health", "unvisited"):
        await add_client(database, clock, client_id, site.origin + "/backchannel")
    await add_client(database, clock, "deaf", "")
    one, two = await residents.sign_in("openid-1"), await residents.sign_in("openid-1")
    await visit(database, clock, one, "housing", "housing", "health", "deaf")  # two families of one client
    await visit(database, clock, two, "housing")
    await visit(database, clock, await residents.sign_in("openid-2"), "housing")
    async with database.session() as session:
        family = begin_family(session, clock, two, "health", scope="openid", life=timedelta(days=1))
        await revoke_family(session, clock, family, "reuse")  # its site may still have the resident signed in
    async with database.session() as session:
        await end_all_of(session, clock, one.account_id, "signed_out_everywhere")
    await sign_out(database, clock, one.sid, two.sid)  # once more: nothing is live any longer
    await worker.do_all()

    jwks = await published(database, worker.context.settings, clock)
    told = sorted(
        (str(t.claims["aud"]), str(t.claims["sid"])) for t in (verified(each, jwks) for each in site.received)
    )
    assert told == sorted([("housing", one.sid), ("health", one.sid), ("housing", two.sid), ("health", two.sid)])
    assert await database.pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_message_that_is_delivered_again_tells_nobody_again(
    database: Database, clock: ManualClock, residents: Residents, worker: InProcessWorker, site: RelyingParty
) -> None:
    await add_client(database, clock, "housing", site.origin + "/backchannel")
    owner = await residents.sign_in("openid-1")
    await visit(database, clock, owner, "housing")
    await sign_out(database, clock, owner.sid)
    ended = await database.pool.fetchval("SELECT id FROM outbox WHERE task = $1", SESSION_ENDED)
    await worker.do(SESSION_ENDED, ended)
    due = await database.pool.fetchval("SELECT id FROM outbox WHERE task = $1", LOGOUT_TOKEN)
    for _ in range(2):
        await worker.do(SESSION_ENDED, ended)
        await worker.do(LOGOUT_TOKEN, due)
    assert len(site.received) == 1


async def test_an_address_that_nobody_reaches_is_one_line_of_the_log_a_try(
    database: Database,
    clock: ManualClock,
    residents: Residents,
    worker: InProcessWorker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await add_client(
        database, clock, "housing", "http://127.0.0.1:9/backchannel"
    )  # the discard service, which nobody runs
    owner = await residents.sign_in("openid-1")
    await visit(database, clock, owner, "housing")
    await sign_out(database, clock, owner.sid)
    caplog.set_level("DEBUG", "kernel.celery")
    await worker.do_all()
    said, trace = [each for each in caplog.records if "failed" in each.message]
    assert (said.levelname, said.message, said.exc_info) == ("ERROR", "a task failed", None)
    assert "127.0.0.1:9 cannot be reached" in vars(said)["reason"]
    assert (trace.levelname, bool(trace.exc_info)) == ("DEBUG", True)


async def test_a_site_that_fails_hears_again_then_is_marked_and_by_success_unmarked(
    database: Database, clock: ManualClock, residents: Residents, worker: InProcessWorker, site: RelyingParty
) -> None:
    await add_client(database, clock, "housing", site.origin + "/backchannel")
    owner, other = await residents.sign_in("openid-1"), await residents.sign_in("openid-2")
    for each in (owner, other):
        await visit(database, clock, each, "housing")
    site.statuses = [500, 400, 302, 503, 404]
    await sign_out(database, clock, owner.sid)
    await worker.do_all()
    for tries, wait in enumerate(WAITS, 1):
        assert len(site.received) == tries
        assert await failed_at(database) is None
        clock.advance(wait - timedelta(seconds=1))
        assert await worker.do_all() == 0
        clock.advance(timedelta(seconds=1))
        assert await worker.do_all() == 1
    assert [wait.total_seconds() for wait in WAITS] == [10, 60, 600, 3600]
    assert len(site.received) == 5
    assert await failed_at(database) == clock.now()
    (row,) = await database.pool.fetch("SELECT due_at, last_error FROM outbox")
    assert row["due_at"] is None  # `yiwang outbox` shows it
    assert "answered 404" in row["last_error"]

    jwks = await published(database, worker.context.settings, clock)
    tokens = [verified(each, jwks).claims for each in site.received]
    assert len({str(each["jti"]) for each in tokens}) == 1  # by which a site knows a repetition
    assert len({each["iat"] for each in tokens}) == 5

    await sign_out(database, clock, other.sid)
    await worker.do_all()
    assert len(site.received) == 6
    assert await failed_at(database) is None


async def test_a_site_in_a_network_that_is_not_opened_is_not_called(
    database: Database, clock: ManualClock, residents: Residents, worker: InProcessWorker, site: RelyingParty
) -> None:
    await add_client(database, clock, "housing", site.origin + "/backchannel")
    owner = await residents.sign_in("openid-1")
    await visit(database, clock, owner, "housing")
    settings = msgspec.structs.replace(worker.context.settings, upstream_networks=())
    careful = InProcessWorker(TaskContext(settings, database, worker.context.redis, clock))
    await sign_out(database, clock, owner.sid)
    await careful.do_all()
    assert site.received == []
    assert "AddressRefusedError" in await database.pool.fetchval("SELECT last_error FROM outbox")


async def test_a_suspended_client_is_told_nothing(
    database: Database, clock: ManualClock, residents: Residents, worker: InProcessWorker, site: RelyingParty
) -> None:
    await add_client(database, clock, "housing", site.origin + "/backchannel")
    owner = await residents.sign_in("openid-1")
    await visit(database, clock, owner, "housing")
    await database.pool.execute("UPDATE client SET status = 'suspended' WHERE client_id = 'housing'")
    await sign_out(database, clock, owner.sid)
    await worker.do_all()
    assert site.received == []
    assert await database.pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_after_a_merge_sites_hear_the_name_that_they_know(
    database: Database, clock: ManualClock, residents: Residents, worker: InProcessWorker, site: RelyingParty
) -> None:
    for client_id in ("housing", "health"):
        await add_client(database, clock, client_id, site.origin + "/backchannel")
    kept, gone = await residents.sign_in("openid-1"), await residents.sign_in("openid-2")
    await visit(database, clock, kept, "health")
    told = await visit(database, clock, gone, "housing", "health")  # housing's moves with the merge, health's stays
    async with database.session() as session:
        await merge(session, clock, kept.account_id, gone.account_id, "test")
    await worker.do_all()
    jwks = await published(database, worker.context.settings, clock)
    heard = {str(t.claims["aud"]): t.claims["sub"] for t in (verified(each, jwks) for each in site.received)}
    assert heard == told


async def test_a_real_worker_tells_a_slow_site_and_who_signs_out_does_not_wait(
    opened: Settings, database: Database, redis: Redis, residents: Residents, site: RelyingParty
) -> None:
    clock = SystemClock()
    attach_outbox(database, redis)
    async with database.session() as session:
        await key_ring.ensure(session, open_keys(opened).cipher, clock)
    await add_client(database, clock, "housing", site.origin + "/backchannel")
    owner = await residents.sign_in("openid-1")
    await visit(database, clock, owner, "housing")
    site.seconds = 0.5
    environment = {
        "YIWANG_DATABASE_URL": opened.database_url,
        "YIWANG_REDIS_URL": opened.redis_url,
        "YIWANG_KEY_FILE": str(key_path(opened)),
        "YIWANG_UPSTREAM_NETWORKS": "127.0.0.0/8",
        "YIWANG_ISSUER": "https://id.city.example",
    }
    process = subprocess.Popen(ourselves("worker"), env=child_environment({**os.environ, **environment}))  # noqa: ASYNC220, S603 - ourselves
    try:
        await sign_out(database, clock, owner.sid)
        assert site.received == []
        deadline = time.monotonic() + 60
        while await database.pool.fetchval("SELECT count(*) FROM outbox") and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)
    (text,) = site.received
    claims = verified(text, await published(database, opened, clock)).claims
    assert (claims["iss"], claims["sid"]) == ("https://id.city.example", owner.sid)
