"""What is scheduled is published when its time has come, once, and what fails holds up nobody else."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis

from kernel.celery import TaskContext
from kernel.database import Database
from kernel.settings import Settings
from services_catalog.lifecycle.history import events_of
from services_catalog.lifecycle.notices import Wanted, notices
from services_catalog.lifecycle.publication import schedule
from services_catalog.lifecycle.steps import open_version
from services_catalog.lifecycle.tasks import publish_all_due
from tests.catalogue.conftest import EDITOR, REVIEWER, City
from tests.services_catalog.entries.samples import IMPLEMENTATION, IMPLEMENTATION_CODE, ITEM, ITEM_CODE

HOUR = timedelta(hours=1)


async def _scheduled(city: City, sample: dict[str, object], code: str) -> None:
    await city.draft(sample)
    await city.submit(code)
    await city.approve(code)
    async with city.database.session() as session:
        await schedule(session, city.clock, REVIEWER, code, city.clock.now() + HOUR)


@pytest.fixture
def context(city: City, database: Database, redis: Redis, settings: Settings) -> TaskContext:
    return TaskContext(settings, database, redis, city.clock)


async def test_what_is_due_is_published_once(city: City, context: TaskContext) -> None:
    await _scheduled(city, ITEM, ITEM_CODE)
    await publish_all_due(context)
    assert await city.shown() == {}
    city.clock.advance(HOUR)
    for _ in range(2):
        await publish_all_due(context)
    assert [*await city.shown()] == [ITEM_CODE]
    async with city.database.session() as session:
        last = (await events_of(session, ITEM_CODE))[-1]
    assert (last.event, last.actor, last.role) == ("publish", "platform:catalogue", "platform")


async def test_what_breaks_a_rule_by_then_is_a_draft_again_and_holds_up_nobody(
    city: City, context: TaskContext
) -> None:
    await city.bring_out(ITEM)
    await _scheduled(city, IMPLEMENTATION, IMPLEMENTATION_CODE)  # its operation is not live in this database
    await _scheduled(city, {**ITEM, "code": "000111002001"}, "000111002001")
    city.clock.advance(HOUR)
    await publish_all_due(context)
    assert [*await city.shown()] == [ITEM_CODE, "000111002001"]
    async with city.database.session() as session:
        last = (await events_of(session, IMPLEMENTATION_CODE))[-1]
        version = await open_version(session, IMPLEMENTATION_CODE)
        told = await notices(session, city.clock, EDITOR, Wanted(), 100)
    assert (last.event, last.after, last.reason) == ("recall", "draft", "1 rules broken")
    assert last.reasons == {"/binding/operations/0": "E24-operations"}
    assert version is not None
    assert [(each.kind, each.entry) for each in told] == [("returned", IMPLEMENTATION_CODE)]
    assert told[0].text.startswith("Version 1 could not come out. E24-operations: ")
    assert (version.publish_at, [each["rule"] for each in version.findings]) == (None, ["E24-operations"])


async def test_an_unforeseen_failure_holds_up_nobody(
    city: City, context: TaskContext, caplog: pytest.LogCaptureFixture
) -> None:
    await _scheduled(city, ITEM, ITEM_CODE)
    await _scheduled(city, {**ITEM, "code": "000111002001"}, "000111002001")
    await city.database.pool.execute("UPDATE entry_version SET fields = '{\"colour\": 1}' WHERE entry = $1", ITEM_CODE)
    city.clock.advance(HOUR)
    await publish_all_due(context)
    assert [*await city.shown()] == ["000111002001"]
    assert "a scheduled entry was not published" in caplog.text
