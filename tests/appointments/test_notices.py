"""What people are told of appointments: by the apps that they have, once, unless it is needless by then."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlmodel import col, select

from adapters.sandbox.development import APPS
from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.notice_tables import AppointmentNotice, Kind
from flows.appointments.notices import notify
from tests.adapters.telling import Hosts, open_hosts
from tests.appointments.hall import OFFICE, Hall, on

NINE = on("12-01", "09:00")
CLOSED = {"offices": [{**OFFICE, "exceptions": [{"day": "2026-12-01", "note": "a storm"}]}]}


@pytest.fixture
async def hosts(hall: Hall, redis: Redis) -> AsyncIterator[Hosts]:
    async with open_hosts(redis) as hosts:
        hall.apps = hosts.apps
        yield hosts


async def wang_books(hall: Hall, hosts: Hosts) -> tuple[UUID, Booking]:
    account = await hosts.signs_in(hall.database, hall.clock, "wang", "wechat")
    return account, await hall.book(account, NINE)


async def tell(hall: Hall, row: Booking, kind: Kind, occasion: str = "", **values: str) -> None:
    async with hall.database.session() as session:
        await notify(Deps(session, hall.clock), row, kind, occasion, None, **values)


async def told(hall: Hall) -> list[tuple[str, str, str]]:
    async with hall.database.session() as session:
        rows = (await session.exec(select(AppointmentNotice).order_by(col(AppointmentNotice.id)))).all()
    return [(row.kind, row.state, row.told_by) for row in rows]


async def test_a_conflict_is_told_by_the_app_that_they_have(hall: Hall, hosts: Hosts) -> None:
    await wang_books(hall, hosts)
    hosts.host("wechat").allow_message(APPS["wechat"], "wang", "sandbox-appointment_conflict")
    await hall.load(CLOSED)
    await hall.work()
    assert await told(hall) == [("conflict", "waiting", "")]  # the office may decide at once
    await hall.load(CLOSED)
    await hall.work(timedelta(minutes=5))
    [message] = hosts.host("wechat").inbox("wang")
    assert dict(message.lines) == {
        "提醒": "办事时间有变，请等通知或改约",
        "事项": "结婚登记",
        "地点": "婚姻登记处",
        "时间": "2026年12月01日 09:00",
    }
    assert await told(hall) == [("conflict", "told", APPS["wechat"])]


async def test_what_has_been_settled_meanwhile_is_told_nobody(hall: Hall, hosts: Hosts) -> None:
    account, booked = await wang_books(hall, hosts)
    await hall.load(CLOSED)
    await hall.cancel(account, booked.id)
    await hall.work(timedelta(minutes=5))
    assert await told(hall) == [("conflict", "needless", "")]


async def test_once_by_occasion(hall: Hall, hosts: Hosts) -> None:
    _, booked = await wang_books(hall, hosts)
    for occasion in ("1", "1", "2"):
        await tell(hall, booked, "called", occasion)
    assert [kind for kind, *_ in await told(hall)] == ["called", "called"]


async def test_a_call_in_the_hall_goes_by_no_sms(hall: Hall, hosts: Hosts) -> None:
    account, booked = await wang_books(hall, hosts)
    await hosts.has_phone(hall.database, hall.clock, hall.keys, account, "wang")
    async with hall.database.session() as session:
        row = await session.get_one(Booking, booked.id)
        row.state = "called"
        session.add(row)
    await tell(hall, booked, "called", "1", number="A001", counter="3")
    await tell(hall, booked, "office_cancelled", reason="a storm")
    await hall.work()
    assert await told(hall) == [("called", "untold", ""), ("office_cancelled", "told", APPS["web"])]
    hosts.host("wechat").allow_message(APPS["wechat"], "wang", "sandbox-appointment_called")
    await hall.redis.flushdb()  # what is known of taps
    await tell(hall, booked, "called", "2", number="A001", counter="3")
    await hall.work()
    [message] = hosts.host("wechat").inbox("wang")
    assert list(dict(message.lines).items())[-2:] == [("号码", "A001"), ("窗口", "3")]


async def test_what_ends_before_it_is_told_is_too_late(hall: Hall, hosts: Hosts) -> None:
    _, booked = await wang_books(hall, hosts)
    hosts.sandbox.world.plan_fault("wechat.send", "unavailable")
    hosts.host("wechat").allow_message(APPS["wechat"], "wang", "sandbox-appointment_offer")
    async with hall.database.session() as session:
        until = hall.clock.now() + timedelta(minutes=15)
        await notify(Deps(session, hall.clock), booked, "offer", until=until)
    await hall.work()
    assert await told(hall) == [("offer", "waiting", "")]
    await hall.work(timedelta(minutes=15))
    assert await told(hall) == [("offer", "needless", "")]


async def test_nobody_known_is_for_the_office_to_tell(hall: Hall) -> None:
    booked = await hall.book(await hall.resident(), NINE)
    booked.account_id = None  # as of whom the hotline has booked for
    for _ in range(2):
        await tell(hall, booked, "office_cancelled", reason="a storm")
    assert await told(hall) == [("office_cancelled", "untold", "")]
