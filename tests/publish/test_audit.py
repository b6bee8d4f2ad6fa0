"""Publications and rollbacks are in the audit log exactly if they happened, and so are credentials."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from redis.asyncio import Redis

from kernel.audit.reading import Filter, newest
from kernel.audit.verify import verify
from kernel.database import Database
from kernel.settings import Settings
from tests.publish.gateway_under_test import Gateway, department_token, document, gateway, open_to_loopback


@pytest.fixture
async def city(database: Database, redis: Redis, settings: Settings) -> AsyncIterator[Gateway]:
    async with gateway(database, redis, open_to_loopback(settings)) as opened:
        yield opened


async def test_each_change_of_what_is_live_is_recorded_once(city: Gateway, database: Database) -> None:
    token = await department_token(database)
    digests = []
    for force, fields in ((False, ("free", "taken")), (True, ("free",))):
        digests.append((await city.publish(token, document(*fields), force=force))[1]["digest"])
    assert (await city.publish(token, document("free")))[1]["status"] == "unchanged"
    assert (await city.publish(token, document("taken")))[0] == 409
    assert (await city.publish(token, document("free", "more"), dry_run=True))[1]["status"] == "checked"
    answers = [await city.post("/rollback", token, {"service": "parking", "to": 1}) for _ in range(2)]
    assert [(answer["version"], answer["replaced"]) for _, answer in answers] == [(1, 2), (1, 1)]
    assert (await city.post("/rollback", token, {"service": "parking", "to": 9}))[0] == 404
    async with database.pool.acquire() as connection:
        entries = await newest(connection, Filter(object="service:parking"))
        assert (await verify(connection, {}, {})).findings == []
    assert [(each.action, each.details) for each in entries] == [
        ("service.published", {"version": 1, "replaced": 0, "digest": digests[0], "forced": False}),
        ("service.published", {"version": 2, "replaced": 1, "digest": digests[1], "forced": True}),
        ("service.rolled_back", {"version": 1, "replaced": 2}),
    ]
    assert {each.actor for each in entries} == {f"credential:{token.split('_')[1]}"}
    assert {each.on_behalf_of for each in entries} == {"department:city"}
    assert "hush" not in str(msgspec.to_builtins(entries))
