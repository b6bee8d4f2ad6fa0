"""What residents are told of parking, by the host apps that they have, and what is kept where they cannot be."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlmodel import col, select

from adapters.apps import OpenApps
from adapters.sandbox.development import APPS
from adapters.templates import Template
from flows.parking.notices import notify
from flows.parking.session_tables import ParkingNotice, ParkingSession
from flows.parking.vehicles import claim, prove
from tests.adapters.telling import Hosts, open_hosts
from tests.cli.operator import Operator
from tests.parking.lots import PLATE, Lot

DAY = timedelta(days=1)
WECHAT, TEMPLATE = APPS["wechat"], "sandbox-parking_arrears"


class Driver:
    """Wang, who owns the plate and owes for an hour; the hosts that know him, and what he was told."""

    def __init__(self, lot: Lot, hosts: Hosts) -> None:
        self.lot, self.hosts = lot, hosts
        self.sandbox, self.host = hosts.sandbox, hosts.host

    async def arrive(self, *hosts: str) -> None:
        """Sign in by these hosts, own the plate, park an hour and leave without paying."""
        lot = self.lot
        self.account = (
            await self.hosts.signs_in(lot.database, lot.clock, "wang", *hosts) if hosts else await lot.account()
        )
        async with lot.database.session() as session:
            bound = await claim(lot.deps(session), self.account, PLATE)
            await prove(lot.deps(session), self.account, bound.vehicle_id, "register")
        self.session = (await lot.passes("enter", 10)).session_id
        await lot.passes("exit", 70, opened=True, reason="fail_open")

    async def has_phone(self, account: UUID, resident: str) -> None:
        await self.hosts.has_phone(self.lot.database, self.lot.clock, self.lot.keys, account, resident)

    async def told(self) -> Sequence[ParkingNotice]:
        async with self.lot.database.session() as session:
            return (await session.exec(select(ParkingNotice).order_by(col(ParkingNotice.id)))).all()


@pytest.fixture
async def wang(lot: Lot, redis: Redis) -> AsyncIterator[Driver]:
    async with open_hosts(redis) as hosts:
        lot.apps = hosts.apps
        yield Driver(lot, hosts)


async def test_who_has_allowed_a_message_is_told_and_who_has_not_is_written_down(wang: Driver) -> None:
    await wang.arrive("wechat", "alipay", "baidu")
    await wang.lot.work(DAY)
    [first] = await wang.told()
    assert (first.kind, first.state, first.told_by) == ("arrears_1", "untold", "")
    assert [each.split(":")[0] for each in first.why.split("; ")] == [APPS["baidu"], APPS["alipay"], WECHAT]
    assert "it has no template for parking_arrears; " in first.why
    wang.host("wechat").allow_message(WECHAT, "wang", TEMPLATE)
    await wang.lot.redis.flushdb()  # what is known of taps
    await wang.lot.work(6 * DAY)
    _, second = await wang.told()
    assert (second.kind, second.state, second.told_by) == ("arrears_2", "told", WECHAT)
    [message] = wang.host("wechat").inbox("wang")
    said = {"提醒": "停车费待缴，请尽快支付", "停车场": "一号车库", "车牌": PLATE, "金额": "15.00元"}
    assert dict(message.lines) == said
    await wang.lot.work(timedelta(hours=1))
    assert len(wang.host("wechat").inbox("wang")) == 1


async def test_a_host_that_is_out_of_order_is_asked_again(wang: Driver) -> None:
    await wang.arrive("wechat")
    wang.host("wechat").allow_message(WECHAT, "wang", TEMPLATE)
    wang.sandbox.world.plan_fault("wechat.send", "unavailable", 2)
    await wang.lot.work(DAY)
    assert [each.state for each in await wang.told()] == ["waiting"]
    for _ in range(4):
        await wang.lot.work(timedelta(minutes=1))
    assert [each.state for each in await wang.told()] == ["told"]
    assert len(wang.host("wechat").inbox("wang")) == 1


async def test_a_host_that_stays_out_of_order_is_given_up(wang: Driver) -> None:
    await wang.arrive("wechat")
    wang.host("wechat").allow_message(WECHAT, "wang", TEMPLATE)
    wang.sandbox.world.plan_fault("wechat.send", "unavailable", 99)
    await wang.lot.work(DAY)
    for _ in range(12):
        await wang.lot.work(timedelta(hours=1))
    assert [(each.state, "could not be reached" in each.why) for each in await wang.told()] == [("untold", True)]


async def test_what_was_paid_meanwhile_is_told_nobody(wang: Driver) -> None:
    await wang.arrive("wechat")
    wang.host("wechat").allow_message(WECHAT, "wang", TEMPLATE)
    wang.sandbox.world.plan_fault("wechat.send", "unavailable")
    await wang.lot.work(DAY)
    await wang.lot.paid(wang.session, wang.account)
    await wang.lot.work(timedelta(minutes=1))
    assert [each.state for each in await wang.told()] == ["needless"]
    assert not wang.host("wechat").inbox("wang")


async def test_by_sms_to_the_number_that_they_have_proven(wang: Driver) -> None:
    await wang.arrive()
    await wang.has_phone(wang.account, "wang")
    template = Template(id="arrears", values={"plate": "plate", "left": "left"})
    channels, messages = wang.lot.apps.channels, wang.lot.apps.messages
    wang.lot.apps = OpenApps(channels, {**messages, APPS["web"]: {"parking_arrears": template}})
    await wang.lot.work(DAY)
    assert [(each.state, each.told_by) for each in await wang.told()] == [("told", APPS["web"])]
    [message] = wang.host("web").inbox("wang")
    assert dict(message.lines) == {"plate": PLATE, "left": "2026年11月02日 10:10"}


async def test_whom_a_mandate_alone_charged_is_told_no_times(wang: Driver) -> None:
    await wang.arrive()
    payer = await wang.lot.account()
    await wang.has_phone(payer, "li")
    wang.lot.clock.advance(timedelta(hours=1))
    template = Template(id="failed", values={"plate": "plate", "left": "left"})
    wang.lot.apps = OpenApps(wang.lot.apps.channels, {APPS["web"]: {"parking_debit_failed": template}})
    async with wang.lot.database.session() as session:
        row = await session.get_one(ParkingSession, UUID(wang.session))
        await notify(wang.lot.deps(session), row, "debit_failed", 1500, payer)
    await wang.lot.work()
    [message] = wang.host("web").inbox("li")
    assert dict(message.lines) == {"plate": PLATE, "left": "2026年11月02日 11:10"}  # when it failed; it left at 10:10


async def test_a_plate_that_nobody_owns(lot: Lot) -> None:
    await lot.passes("enter", 0)
    await lot.passes("exit", 60, opened=True)
    await lot.work(DAY)
    async with lot.database.session() as session:
        [row] = (await session.exec(select(ParkingNotice))).all()
    assert (row.state, row.why) == ("untold", "nobody is known who has paid, owns the plate or has scanned")
    listed = await Operator(lot.settings).done("parking", "notices", "--state", "untold")
    assert listed == f"2026-11-03 02:00 UTC  arrears_1  session {row.session_id}  untold  {row.why}\n"
    assert await Operator(lot.settings).done("parking", "notices", "--state", "told") == ""
