"""What sites are told of who residents are, and what residents agreed to, is in the audit log, by codes only."""

import json
from typing import Any

import pytest
from sqlmodel import col, select

from auth.provider.reads import record
from auth.provider.tasks import record_reads
from kernel.audit.tables import AuditEntry
from kernel.celery import TaskContext
from tests.sign_on.conftest import PHONE, SignOn

READ, GIVEN = "personal_data.read", "consent.given"


async def entries(sign_on: SignOn, action: str) -> list[AuditEntry]:
    gateway, environment = sign_on.gateway, sign_on.environment()
    await record_reads(TaskContext(environment.settings, gateway.database, environment.redis, environment.clock))
    async with gateway.database.session() as session:
        query = select(AuditEntry).where(AuditEntry.action == action).order_by(col(AuditEntry.seq))
        return list((await session.exec(query)).all())


async def details(sign_on: SignOn) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in each.details.items() if name != "at"} for each in await entries(sign_on, READ)
    ]


async def test_what_userinfo_says_of_a_person_is_recorded_each_time(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    nameless = await sign_on.tokens(browser, site, scope="openid")
    assert (await site.userinfo(nameless["access_token"])).json().keys() == {"sub"}
    assert await details(sign_on) == []
    tokens = await sign_on.tokens(browser, site, scope="openid profile phone")
    for _ in range(2):
        assert (await site.userinfo(tokens["access_token"])).json()["phone_number"] == PHONE
    assert await details(sign_on) == [{"phone_number": True}] * 2  # the account has no name yet
    one, _ = await entries(sign_on, READ)
    (given, *_) = await entries(sign_on, GIVEN)
    assert (one.actor, one.object) == ("client:site", given.actor)
    assert (
        await sign_on.gateway.database.pool.fetchval("SELECT string_agg(e::text, '') ~ '1390000' FROM audit_entry e")
        is False
    )


async def test_what_an_id_token_says_of_a_person_is_recorded_once(sign_on: SignOn) -> None:
    site = await sign_on.site()
    claims = json.dumps({"id_token": {"phone_number": None, "auth_time": None}})
    tokens = await sign_on.tokens(sign_on.browser(), site, scope="openid phone", claims=claims)
    assert (await sign_on.claims(tokens["id_token"]))["phone_number"] == PHONE
    assert await details(sign_on) == [{"phone_number": True}]
    for _ in range(2):  # the second is the same answer once more
        assert (await site.refresh(tokens["refresh_token"])).status_code == 200
    assert await details(sign_on) == [{"phone_number": True}] * 2


async def test_what_a_site_was_allowed_is_named(sign_on: SignOn) -> None:
    site = await sign_on.site()
    await sign_on.tokens(sign_on.browser(), site, scope="openid profile phone")
    given = await entries(sign_on, GIVEN)
    assert [(each.object, each.purpose) for each in given] == [("client:site", "phone"), ("client:site", "profile")]


async def test_no_site_is_told_what_is_not_on_record_nor_waits_for_the_log(sign_on: SignOn) -> None:
    """The row is of the transaction that answers; the entry, of a request of its own, comes soon after."""
    site = await sign_on.site()
    tokens = await sign_on.tokens(sign_on.browser(), site, scope="openid phone")
    pool = sign_on.gateway.database.pool
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM audit_head FOR UPDATE")  # the log is busy
        told = await site.userinfo(tokens["access_token"])
        assert told.json()["phone_number"] == PHONE
    row = await pool.fetchrow("SELECT * FROM personal_data_read")
    assert (row["client_id"], row["claims"], row["request_id"]) == (
        "site",
        '["phone_number"]',
        told.headers["x-request-id"],
    )
    (entry,) = await entries(sign_on, READ)
    assert (entry.request_id, entry.details["at"][:19]) == (row["request_id"], row["at"].isoformat()[:19])
    assert await pool.fetchval("SELECT count(*) FROM personal_data_read") == 0


async def test_a_worker_that_dies_records_each_read_once(sign_on: SignOn) -> None:
    site = await sign_on.site()
    tokens = await sign_on.tokens(sign_on.browser(), site, scope="openid phone")
    for _ in range(3):
        await site.userinfo(tokens["access_token"])
    with pytest.raises(RuntimeError, match="dies"):
        async with sign_on.gateway.database.session() as session:
            assert await record(session, sign_on.environment().clock) == 3
            raise RuntimeError("this worker dies before its commit")
    for _ in range(2):
        assert len(await entries(sign_on, READ)) == 3
