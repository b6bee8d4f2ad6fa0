"""Stays as hosts hear of them, by the worker: the entry, what was paid there, the exit, whatever happens in between."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from adapters.parking_products import OpenParking
from adapters.sandbox.alipay.parking import LOT as ALIPAY_LOT
from adapters.sandbox.development import APPS
from adapters.sandbox.wechat_pay.reminders import LOT as WECHAT_LOT
from flows.parking.announcing import ENTRY_WITHIN
from flows.parking.messages import ANNOUNCE, StayNamed
from flows.parking.operating import Speaker
from flows.parking.overdue import due
from flows.parking.repairing import repair
from flows.parking.session_tables import ParkingHostStay
from kernel.clock import Clock, ManualClock
from kernel.outbox import OutboxMessage, send
from tests.parking.lots import NINE, Lot
from tests.payments.garage import built, passes, signed, until, work
from tests.payments.town import PAID, PLATE, Town

hosts = pytest.mark.parametrize("host", ["wechat", "alipay"])
CALLS: Mapping[str, Mapping[str, str]] = {
    "wechat": {name: f"wechat_pay.reminder_{name}" for name in ("entry", "payment", "exit")},
    "alipay": {
        name: f"alipay.commerce.transport.parking.{call}.sync"
        for name, call in (("entry", "enterinfo"), ("payment", "paymentinfo"), ("exit", "exitinfo"))
    },
}


@pytest.fixture
def clock() -> Clock:
    return ManualClock(NINE)


@pytest.fixture
async def lot(town: Town, parking: OpenParking) -> Lot:
    """A garage that both hosts know by numbers of theirs."""
    return await built(town, {APPS["wechat"]: WECHAT_LOT, APPS["alipay"]: ALIPAY_LOT})


async def enters(town: Town, lot: Lot, host: str, minutes: float = 0, **more: Any) -> UUID:
    """Let a vehicle in that a host is told of: Alipay is of those whose fees it takes."""
    if host == "alipay":
        await signed(town, lot, host)
    answer = await lot.passes("enter", minutes, PLATE.number, plate_color=PLATE.color, **more)
    return UUID(answer.session_id)


async def pays(town: Town, lot: Lot, session: UUID, host: str) -> str:
    """Have what is due paid through a host, and parking hear of it; the payment's number there."""
    order = await lot.order(str(session), town.accounts["wang"])
    begun = await town.begin(host, order.id)
    assert await town.pay(host, begun) == PAID[host]
    await town.settled(order.id, "paid")
    await work(town, lot)
    return begun.number


def told(town: Town, host: str) -> list[str]:
    """What a host was told of stays, in its order; the first two words."""
    place = "wechat_pay" if host == "wechat" else host
    events = (each for each in town.sandbox.world.events if (each.host, each.what) == (place, "parking"))
    return [" ".join(each.result.split()[:2]) for each in events]


def stays(town: Town, host: str) -> dict[str, Any]:
    return (town.wechat_pay.reminders if host == "wechat" else town.host(host).parking).stays  # type: ignore[attr-defined,no-any-return]  # of this host


def words(*what: str, plate: str = PLATE.number) -> list[str]:
    return [f"{plate} {each}" for each in what]


async def rows(town: Town) -> list[ParkingHostStay]:
    async with town.database.session() as session:
        found = (await session.exec(select(ParkingHostStay))).all()
        return sorted(found, key=lambda each: (each.app_id, each.product))


async def waiting(town: Town) -> list[str]:
    async with town.database.session() as session:
        return [each.task for each in (await session.exec(select(OutboxMessage))).all()]


@hosts
async def test_a_stay_is_told_from_its_entry_to_its_exit(town: Town, lot: Lot, host: str) -> None:
    stay = await enters(town, lot, host)
    await work(town, lot, timedelta(minutes=30))
    number = await pays(town, lot, stay, host)
    assert told(town, host) == words("entered", "paid")
    await passes(lot, "exit", 40)
    await work(town, lot)
    assert told(town, host) == words("entered", "paid", "left")
    known = stays(town, host)[stay.hex]
    assert known.left
    [paid] = known.paid
    if host == "wechat":
        wang = town.sandbox.world.subject("wechat", APPS["wechat"], "wang")
        assert (paid.out_trade_no, paid.total_amount, paid.paid_amount) == (number, 1500, 1500)
        assert (known.entry.plate_color, paid.openid) == ("PLATE_COLOR_GREEN", wang)
    else:
        assert (paid["out_order_no"], paid["total_amount"], paid["payment_amount"]) == (number, "15.00", "15.00")
        assert paid["alipay_trade_no"]
    await work(town, lot, timedelta(hours=3))
    assert len(told(town, host)) == 3


async def test_a_payment_is_told_to_the_host_that_took_it_alone(town: Town, lot: Lot) -> None:
    stay = await enters(town, lot, "wechat")
    await work(town, lot, timedelta(minutes=30))
    await pays(town, lot, stay, "alipay")
    await passes(lot, "exit", 40)
    await work(town, lot)
    assert told(town, "wechat") == words("entered", "left")
    assert told(town, "alipay") == []


async def test_who_leaves_unpaid_has_left(town: Town, lot: Lot) -> None:
    await enters(town, lot, "wechat")
    await work(town, lot)
    await passes(lot, "exit", 60, opened=True, reason="fail_open")
    await work(town, lot)
    assert (await lot.one()).state == "released_unpaid"
    assert told(town, "wechat") == words("entered", "left")


async def test_hosts_hear_nothing_of_lots_that_they_do_not_know(town: Town, parking: OpenParking) -> None:
    lot = await built(town, {})
    await enters(town, lot, "wechat")
    await work(town, lot, timedelta(minutes=30))
    await passes(lot, "exit", 60, opened=True)
    assert await waiting(town) == ["parking.settle"]  # nothing of it in the barrier's transaction either
    await work(town, lot)
    assert (told(town, "wechat"), await rows(town)) == ([], [])


async def test_two_products_of_one_app_know_a_stay_by_numbers_of_their_own(town: Town, lot: Lot) -> None:
    await signed(town, lot, "wechat")
    stay = await enters(town, lot, "wechat")
    await work(town, lot)
    charging, reminders = await rows(town)
    assert {charging.app_id, reminders.app_id} == {APPS["wechat"]}
    assert (charging.product, charging.service) == ("charging", "active")
    assert (reminders.product, reminders.service) == ("reminders", "none")
    assert reminders.reference == stays(town, "wechat")[stay.hex].serial
    assert charging.reference not in {"", reminders.reference}
    assert await passes(lot, "exit", 60) == "by_mandate"
    assert (await until(town, lot, "debited")).paid_fen == 1500
    assert told(town, "wechat") == words("entered", "left")  # of a debit a host knows without


@hosts
@pytest.mark.parametrize("call", ["entry", "payment", "exit"])
@pytest.mark.parametrize("fault", ["unavailable", "error_after_work"])
async def test_a_host_that_fails_for_a_while_hears_of_all_in_its_order(
    town: Town, lot: Lot, host: str, call: str, fault: Any
) -> None:
    town.fault(CALLS[host][call], fault, times=2)
    stay = await enters(town, lot, host)
    for _ in range(6):
        await work(town, lot, timedelta(minutes=5))
    await pays(town, lot, stay, host)
    await passes(lot, "exit", 40)
    for _ in range(4):
        await work(town, lot, timedelta(minutes=1))
    assert told(town, host) == words("entered", "paid", "left")
    assert await waiting(town) == []


async def test_a_stay_that_ended_before_the_host_heard_of_it_is_not_told(town: Town, lot: Lot) -> None:
    town.fault(CALLS["wechat"]["entry"], "unavailable")
    await enters(town, lot, "wechat")
    await work(town, lot)
    await passes(lot, "exit", 5)
    await work(town, lot, timedelta(minutes=5))
    assert (told(town, "wechat"), await waiting(town)) == ([], [])


async def test_an_entry_that_comes_late_is_not_told(town: Town, lot: Lot) -> None:
    late = lot.event("enter", 0, PLATE.number)
    town.clock.advance(ENTRY_WITHIN + timedelta(minutes=1))
    await lot.send(late)
    await work(town, lot)
    await passes(lot, "exit", 60, opened=True)
    await work(town, lot)
    assert (told(town, "wechat"), await waiting(town)) == ([], [])


@pytest.mark.case("FM-40")
async def test_what_is_to_be_told_again_was_told(town: Town, lot: Lot) -> None:
    stay = await enters(town, lot, "wechat")
    await work(town, lot, timedelta(minutes=30))
    await pays(town, lot, stay, "wechat")
    await passes(lot, "exit", 40)
    for _ in range(3):
        async with lot.database.session() as session:
            send(session, lot.clock, ANNOUNCE, StayNamed(stay, ""))
            send(session, lot.clock, ANNOUNCE, StayNamed(stay, ""))
        await work(town, lot)
    assert told(town, "wechat") == words("entered", "paid", "left")


async def test_a_payment_that_is_known_only_after_the_exit_was_told_is_dropped(town: Town, lot: Lot) -> None:
    stay = await enters(town, lot, "wechat")
    await work(town, lot, timedelta(minutes=30))
    order = await lot.order(str(stay), town.accounts["wang"])
    town.fault("wechat_pay.callback", "never")
    await town.pay("wechat", await town.begin("wechat", order.id))
    await passes(lot, "exit", 31, opened=True, reason="fail_open")
    await lot.work()
    await town.until(order.id, "paid")
    await work(town, lot)
    assert (await lot.one()).paid_fen == 1500
    assert told(town, "wechat") == words("entered", "left")


async def test_a_session_that_goes_on_as_anothers_part_ends_at_the_host(town: Town, lot: Lot) -> None:
    before = lot.event("enter", -1, PLATE.number)
    stay = await enters(town, lot, "wechat")
    await work(town, lot)
    [first] = await lot.send(before)
    assert first.session_id != str(stay)
    await work(town, lot)
    assert sorted(told(town, "wechat")) == words("entered", "entered", "left")
    await passes(lot, "exit", 10)
    await work(town, lot)
    assert all(each.left for each in stays(town, "wechat").values())
    assert set(stays(town, "wechat")) == {stay.hex, UUID(first.session_id).hex}


@hosts
async def test_a_plate_that_was_read_wrong_ends_at_the_host_and_is_not_charged(town: Town, lot: Lot, host: str) -> None:
    stay = await enters(town, lot, host)
    await work(town, lot)
    async with lot.database.session() as session:
        await repair(lot.deps(session), Speaker("client", frozenset({"garages"})), stay, "沪AD54321")
    await work(town, lot)
    assert told(town, host) == words("entered", "left")
    assert await passes(lot, "exit", 60, "沪AD54321") == "to_pay"
    await work(town, lot)
    assert told(town, host) == words("entered", "left")


async def test_who_enters_again_without_having_left_has_left_before(town: Town, lot: Lot) -> None:
    first = await enters(town, lot, "wechat")
    await work(town, lot)
    second = await enters(town, lot, "wechat", 20)
    await work(town, lot)
    assert stays(town, "wechat")[first.hex].left
    assert not stays(town, "wechat")[second.hex].left


async def test_whom_nobody_saw_leave_has_left_when_the_session_is_closed(town: Town, lot: Lot) -> None:
    await enters(town, lot, "wechat")
    await work(town, lot)
    await work(town, lot, timedelta(hours=73))
    assert await due(town.database, town.clock) == []
    await work(town, lot)
    assert (await lot.one()).state == "closed_by_operator"
    assert told(town, "wechat") == words("entered", "left")


async def test_a_debit_tells_the_entry_first_and_the_stay_ends_at_the_host(town: Town, lot: Lot) -> None:
    town.fault(CALLS["alipay"]["entry"], "unavailable")
    await enters(town, lot, "alipay")
    await work(town, lot)
    await passes(lot, "exit", 60)
    assert (await until(town, lot, "debited")).paid_fen == 1500
    assert told(town, "alipay") == words("entered", "left")
