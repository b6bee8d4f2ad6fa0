"""What residents are told when something lies ready for them: once, where and until when, and never what it is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlmodel import select

import flows.pickups.tasks  # noqa: F401 - imported for its tasks
from adapters.sandbox.development import APPS
from flows.appointments.persons import index_of
from flows.pickups import pickups
from flows.pickups.holdings import KEPT, erase_pickups, forget, pickups_held
from flows.pickups.notice_tables import PickupNotice
from flows.pickups.pickups import Deps, NewPickup
from flows.pickups.tables import Pickup
from tests.adapters.telling import Hosts, open_hosts
from tests.appointments.hall import Hall, on

pytestmark = pytest.mark.case("issue-6.pick-ups")
NUMBER = "11010519491231002X"
UNTIL = on("12-04", "18:00")


@pytest.fixture
async def hosts(hall: Hall, redis: Redis) -> AsyncIterator[Hosts]:
    async with open_hosts(redis) as hosts:
        hall.apps = hosts.apps
        yield hosts


async def proven(hall: Hall, hosts: Hosts) -> UUID:
    account = await hosts.signs_in(hall.database, hall.clock, "wang", "wechat")
    index = index_of(hall.keys, NUMBER)
    await hall.ask("UPDATE account SET id_number_index = :index WHERE id = :id RETURNING id", index=index, id=account)
    hosts.host("wechat").allow_message(APPS["wechat"], "wang", "sandbox-pickup_ready")
    return account


async def file(hall: Hall, reference: str = "RX-1") -> Pickup:
    said = NewPickup("hall", reference, "hall", NUMBER, "处方药", UNTIL)
    async with hall.database.session() as session:
        return await pickups.file(Deps(session, hall.clock, hall.keys), said, "credential:test")


async def told(hall: Hall) -> list[tuple[UUID | None, str, str]]:
    async with hall.database.session() as session:
        rows = (await session.exec(select(PickupNotice))).all()
    return [(row.account_id, row.state, row.told_by) for row in rows]


async def test_it_is_told_once_by_the_app_that_they_have(hall: Hall, hosts: Hosts) -> None:
    account = await proven(hall, hosts)
    for _ in range(2):
        await file(hall)
    await hall.work()
    [message] = hosts.host("wechat").inbox("wang")
    assert dict(message.lines) == {
        "提醒": "有物品待领取，请凭码领取",
        "说明": "Ready for pick-up",
        "地点": "婚姻登记处",
        "电话": "0190-1234 5001",
        "截止时间": "2026年12月04日 18:00",
    }
    assert await told(hall) == [(account, "told", APPS["wechat"])]


async def test_what_is_withdrawn_meanwhile_is_told_nobody(hall: Hall, hosts: Hosts) -> None:
    account = await proven(hall, hosts)
    row = await file(hall)
    async with hall.database.session() as session:
        deps = Deps(session, hall.clock, hall.keys)
        await pickups.withdraw(deps, await session.get_one(Pickup, row.id), "credential:test")
    await hall.work()
    assert await told(hall) == [(account, "needless", "")]


async def test_whose_account_comes_later_is_not_told_and_a_notice_says_so(hall: Hall, hosts: Hosts) -> None:
    await file(hall)
    assert await told(hall) == [(None, "untold", "")]
    await proven(hall, hosts)
    await file(hall)
    await hall.work()
    assert await told(hall) == [(None, "untold", "")]


async def test_whose_it_was_is_forgotten_with_the_account_and_the_notice_with_the_pick_up(
    hall: Hall, hosts: Hosts
) -> None:
    account = await proven(hall, hosts)
    await file(hall)
    person = index_of(hall.keys, NUMBER)
    async with hall.database.session() as session:
        deps = Deps(session, hall.clock, hall.keys)
        [held] = await pickups_held(deps, person)
        [notice] = held["notices"]
        assert (notice["kind"], notice["state"], {*notice} & {"account_id", "pickup_id"}) == ("ready", "waiting", set())
        await erase_pickups(deps, person, f"account:{account}")
    assert await told(hall) == [(None, "needless", "")]
    await hall.work()
    assert hosts.host("wechat").inbox("wang") == []
    async with hall.database.session() as session:
        hall.clock.advance(UNTIL - hall.clock.now() + KEPT + timedelta(seconds=1))
        await forget(session, hall.clock)
    assert await told(hall) == []


async def test_what_is_told_while_the_account_is_erased_stays_told(hall: Hall, hosts: Hosts) -> None:
    account = await proven(hall, hosts)
    await file(hall)

    async def erase() -> None:
        async with hall.database.session() as session:
            await erase_pickups(Deps(session, hall.clock, hall.keys), index_of(hall.keys, NUMBER), f"account:{account}")

    async with hall.database.session() as session:
        notice = (await session.exec(select(PickupNotice).with_for_update())).one()
        erasing = asyncio.create_task(erase())
        await hall.until_waiting()
        notice.state, notice.told_by, notice.told_at = "told", APPS["wechat"], hall.clock.now()
        session.add(notice)
    await erasing
    assert await told(hall) == [(None, "told", APPS["wechat"])]
