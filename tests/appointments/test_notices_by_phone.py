"""Who has no account, and was booked for by staff, is told by SMS at the telephone that the papers keep."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from adapters.errors import HostUnavailableError
from adapters.sandbox.development import APPS
from auth.accounts.tables import Account
from flows.appointments.booking import Comer, confirm
from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.ending import cancel
from flows.appointments.finding import booking_of
from flows.appointments.holding import hold
from flows.appointments.holdings import appointments_held, erase_appointments
from flows.appointments.leaving import leave
from flows.appointments.papers.keeping import Bearer
from flows.appointments.persons import index_of, person_by_number
from tests.adapters.telling import Hosts, open_hosts
from tests.appointments.hall import OFFICE, Hall, on
from tests.appointments.lobby import COUNTERS, Lobby
from tests.appointments.test_closing import CLOSED, cancel_all, close, office_cancels
from tests.appointments.test_notices import told

NINE, TEN = on("12-02", "09:00"), on("12-02", "10:00")
ACTOR = "credential:desk"


@pytest.fixture
async def hosts(hall: Hall, redis: Redis) -> AsyncIterator[Hosts]:
    async with open_hosts(redis) as hosts:
        hall.apps = hosts.apps
        yield hosts


async def wang_is_booked(
    hall: Hall, hosts: Hosts, phone: str | None = None, *others: str, moving: Booking | None = None
) -> Booking:
    """Book for somebody as the hotline does; with ``moving`` move that."""
    wang = hosts.sandbox.world.residents["wang"]
    held = await hold(hall.desk(), ACTOR, await hall.wanted(1 + len(others)), TEN if moving else NINE)
    bearer = Bearer(
        index_of(hall.keys, wang.id_number), wang.id_number, wang.name, wang.phone if phone is None else phone
    )
    async with hall.database.session() as session:
        persons = [await person_by_number(session, hall.keys, each) for each in (wang.id_number, *others)]
        comer = Comer(ACTOR, None, persons, bearer=None if moving else bearer)
        former = await booking_of(session, moving.id, lock=True) if moving else None
        return await confirm(hall.desk(), session, held, comer, former)


async def proves(hall: Hall, id_number: str) -> Account:
    """Have an account prove an ID number."""
    account = Account(created_at=hall.clock.now(), ial=2, id_number_index=index_of(hall.keys, id_number))
    async with hall.database.session() as session:
        session.add(account)
    return account


def texts(hosts: Hosts, resident: str = "wang") -> list[tuple[str, str]]:
    """Return what came by SMS: the template and its first line."""
    return [(each.title, dict(each.lines)["thing1"]) for each in hosts.host("web").inbox(resident)]


async def test_they_are_reminded_once(hall: Hall, hosts: Hosts) -> None:
    await wang_is_booked(hall, hosts)
    for wait in (NINE - timedelta(hours=24) - hall.clock.now(), timedelta(minutes=1), timedelta(minutes=1)):
        await hall.work(wait)
    [message] = hosts.host("web").inbox("wang")
    assert message.title == "sandbox-appointment_reminder"
    assert dict(message.lines) == {
        "thing1": "预约提醒，请按时到场", "thing2": "结婚登记", "thing3": "婚姻登记处", "time4": "2026年12月02日 09:00",
    }  # fmt: skip
    assert await told(hall) == [("reminder", "told", APPS["web"])]


async def test_who_is_cancelled_with_the_day_is_told_where_to_book_again(hall: Hall, hosts: Hosts) -> None:
    await wang_is_booked(hall, hosts)
    await hall.load({"offices": [{**CLOSED["offices"][0], "exceptions": [{"day": "2026-12-02", "note": "a storm"}]}]})
    await hall.work(timedelta(minutes=5))
    assert texts(hosts) == [("sandbox-appointment_conflict", "办事时间有变，改约请拨热线或到柜台")]
    for _ in range(2):  # broken off, and gone on with
        office = await close(hall, NINE.date())
        await cancel_all(hall, office, day=NINE.date())
    await hall.work()
    assert texts(hosts)[1:] == [("sandbox-appointment_office_cancelled", "已取消，14天内可优先，请拨热线或到柜台")]
    assert await told(hall) == [("conflict", "told", APPS["web"]), ("office_cancelled", "told", APPS["web"])]


async def test_a_change_of_time_and_its_end_are_told(hall: Hall, hosts: Hosts) -> None:
    moved = await wang_is_booked(hall, hosts, moving=await wang_is_booked(hall, hosts))
    await hall.work()
    async with hall.database.session() as session:
        row = await booking_of(session, moved.id, lock=True)
        await cancel(Deps(session, hall.clock), row, ACTOR, reason="illness")
    await hall.work()
    assert texts(hosts) == [
        ("sandbox-appointment_moved", "预约已改期，请留意新时间"),
        ("sandbox-appointment_cancelled", "预约已取消"),
    ]
    assert dict(hosts.host("web").inbox("wang")[0].lines)["time4"] == "2026年12月02日 10:00"


async def test_both_are_told_who_came_together(hall: Hall, hosts: Hosts) -> None:
    """A companion with an account is found by it, and who has none by their telephone."""
    await hall.load(
        {
            "services": [
                {
                    "code": "marriage",
                    "department": "civil",
                    "name_zh": "结婚登记",
                    "letter": "A",
                    "minutes": 30,
                    "people": 2,
                }
            ]
        }
    )
    li = hosts.sandbox.world.residents["li"]
    account = await hosts.signs_in(hall.database, hall.clock, "li", "wechat")
    async with hall.database.session() as session:
        row = await session.get_one(Account, account)
        row.id_number_index = index_of(hall.keys, li.id_number)
        session.add(row)
    booked = await wang_is_booked(hall, hosts, None, li.id_number)
    hosts.host("wechat").allow_message(APPS["wechat"], "li", "sandbox-appointment_office_cancelled")
    async with hall.database.session() as session:
        await leave(Deps(session, hall.clock), account, booked.id)
    await hall.work()
    assert texts(hosts) == [("sandbox-appointment_companion_left", "同行人已退出，请拨热线或到柜台")]
    again = await wang_is_booked(hall, hosts, None, li.id_number, moving=booked)
    await office_cancels(hall, again)
    await hall.work()
    assert texts(hosts)[-1][0] == "sandbox-appointment_office_cancelled"
    assert [dict(each.lines)["提醒"] for each in hosts.host("wechat").inbox("li")] == ["预约被取消，14天内可优先改约"]


async def test_without_a_telephone_it_is_for_the_office_to_tell(hall: Hall, hosts: Hosts) -> None:
    await office_cancels(hall, await wang_is_booked(hall, hosts, ""))
    await hall.work()
    assert await hall.ask("SELECT state, why FROM appointment_notice") == [
        ("untold", "they have no account, and no telephone of theirs is known")
    ]


async def test_a_number_that_the_gateway_refuses_is_in_no_row_and_no_log(
    hall: Hall, hosts: Hosts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    number = "+86" + "1" * 15  # longer than any
    await office_cancels(hall, await wang_is_booked(hall, hosts, number))
    await hall.work()
    [(state, why)] = await hall.ask("SELECT state, why FROM appointment_notice")
    assert (state, why.startswith("web: The SMS gateway refuses")) == ("untold", True)
    rows = await hall.ask("SELECT n::text FROM appointment_notice n UNION ALL SELECT o::text FROM outbox o")
    rows += await hall.ask("SELECT encode(document, 'escape') FROM case_papers")
    assert number[3:] not in caplog.text + str(rows)


async def test_a_gateway_that_is_away_is_asked_again(hall: Hall, hosts: Hosts) -> None:
    await office_cancels(hall, await wang_is_booked(hall, hosts))
    hosts.sandbox.world.plan_fault("web.sms", "unavailable")
    await hall.work()
    assert await told(hall) == [("office_cancelled", "waiting", "")]
    [(error,)] = await hall.ask("SELECT last_error FROM outbox WHERE task = 'appointments.notice'")
    assert error.startswith(HostUnavailableError.__name__)
    await hall.work(timedelta(minutes=1))
    assert texts(hosts) == [("sandbox-appointment_office_cancelled", "已取消，14天内可优先，请拨热线或到柜台")]


async def test_whose_account_came_later_is_told_by_that_and_may_have_it_forgotten(hall: Hall, hosts: Hosts) -> None:
    wang = hosts.sandbox.world.residents["wang"]
    booked = await wang_is_booked(hall, hosts)
    await hall.load({"offices": [{**CLOSED["offices"][0], "exceptions": [{"day": "2026-12-02"}]}]})
    await hall.work(timedelta(minutes=5))
    account = await proves(hall, wang.id_number)
    await office_cancels(hall, booked)
    await hall.work()
    assert await told(hall) == [("conflict", "told", APPS["web"]), ("office_cancelled", "told", APPS["web"])]
    assert (
        texts(hosts)[1][1] == "预约被取消，14天内可优先改约"
    )  # they have an app now, which no host of theirs tells by
    async with hall.database.session() as session:
        held = await appointments_held(Deps(session, hall.clock), hall.keys.cipher, account.id)
        assert [each["kind"] for each in held["notices"]] == ["conflict", "office_cancelled"]


async def test_who_is_called_in_the_hall_hears_of_it_by_an_app_or_not_at_all(hall: Hall, hosts: Hosts) -> None:
    """An SMS would come too late."""
    await hall.load({"offices": [{**OFFICE, "counters": [*COUNTERS]}]})
    lobby, booked = Lobby(hall), await wang_is_booked(hall, hosts)
    lobby.stand(NINE - timedelta(minutes=10))
    await lobby.come(booked)
    await lobby.open()
    await lobby.next()
    assert await told(hall) == []
    account = await hosts.signs_in(hall.database, hall.clock, "wang", "wechat")
    hosts.host("wechat").allow_message(APPS["wechat"], "wang", "sandbox-appointment_called")
    index = index_of(hall.keys, hosts.sandbox.world.residents["wang"].id_number)
    await hall.ask("UPDATE account SET id_number_index = :index WHERE id = :id RETURNING id", index=index, id=account)
    hall.clock.advance(timedelta(minutes=1))
    await lobby.press("recall")
    await hall.work()
    assert await told(hall) == [("called", "told", APPS["wechat"])]
    assert texts(hosts) == []


async def test_with_the_papers_the_number_is_forgotten(hall: Hall, hosts: Hosts) -> None:
    wang = hosts.sandbox.world.residents["wang"]
    booked = await wang_is_booked(hall, hosts)
    await hall.load({"offices": [{**CLOSED["offices"][0], "exceptions": [{"day": "2026-12-02"}]}]})
    account = await proves(hall, wang.id_number)
    async with hall.database.session() as session:
        await erase_appointments(Deps(session, hall.clock), account.id)
    assert (await hall.booking(booked.id)).state == "cancelled"
    await hall.work(timedelta(minutes=5))
    assert texts(hosts) == []
    assert await told(hall) == [("conflict", "needless", "")]
