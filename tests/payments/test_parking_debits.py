"""Stays that a mandate pays for, from the gate to the ledger: the host is told, charges after leaving, or cannot."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from adapters.parking import ParkingCallback, ServiceChanged
from adapters.parking_products import OpenParking
from adapters.sandbox.development import APPS
from flows.parking.collecting import settle_session
from flows.parking.disputing import decide_dispute, dispute
from flows.parking.errors import AlreadyCoveredError, PaymentUnderwayError
from flows.parking.host_news import take
from flows.parking.operating import Speaker, waive
from flows.parking.paying import Payer, pay
from flows.parking.session_tables import ParkingHostStay, ParkingNotice, ParkingPayment
from flows.parking.site_reading import snapshot
from flows.payments.tables import LedgerTransaction, PaymentOrder
from kernel.clock import Clock, ManualClock
from tests.parking.lots import NINE, Lot
from tests.payments.garage import built, passes, signed, until, work
from tests.payments.town import HOSTS, PLACES, PLATE, Town

hosts = pytest.mark.parametrize("host", ["wechat", "alipay"])
CHARGES = {"wechat": "wechat_pay.vehicle_charge", "alipay": "alipay.parking_charge"}
CALLS = {"wechat": "wechat_pay.vehicle_charging", "alipay": "alipay.eco.mycar.parking.order.pay"}


@pytest.fixture
def clock() -> Clock:
    return ManualClock(NINE)


@pytest.fixture
async def lot(town: Town, parking: OpenParking) -> Lot:
    return await built(town)


async def orders(town: Town) -> list[PaymentOrder]:
    async with town.database.session() as session:
        return list((await session.exec(select(PaymentOrder))).all())


async def notices(town: Town) -> list[str]:
    async with town.database.session() as session:
        rows = (await session.exec(select(ParkingNotice).order_by(ParkingNotice.id))).all()  # type: ignore[arg-type]  # a column
        return [row.kind for row in rows]


async def told(town: Town) -> list[tuple[str, str, bool]]:
    async with town.database.session() as session:
        rows = (await session.exec(select(ParkingHostStay))).all()
        return [(row.app_id, row.service, bool(row.reference)) for row in rows]


@hosts
async def test_a_stay_is_told_at_entry_and_charged_once_after_leaving(town: Town, lot: Lot, host: str) -> None:
    mandate = await signed(town, lot, host)
    await passes(lot, "enter", 0)
    await work(town, lot)
    assert await told(town) == [(APPS[host], "active", True)]
    assert await passes(lot, "exit", 60) == "by_mandate"
    row = await until(town, lot, "debited")
    assert (row.closing_fen, row.paid_fen) == (1500, 1500)
    await work(town, lot, timedelta(hours=7))
    [order] = await orders(town)
    assert (order.state, order.account_id) == ("paid", town.accounts["wang"])
    async with town.database.session() as session:
        payment = await session.get_one(ParkingPayment, order.id)
    assert (payment.kind, payment.mandate_id, payment.amount_fen) == ("debit", mandate, 1500)
    assert await town.ledger() == {"host": 1500, "operator": -1500}
    assert await notices(town) == []


@pytest.mark.case("PK-12")
@hosts
async def test_a_charge_that_fails_is_owed_reminded_of_and_never_repeated(town: Town, lot: Lot, host: str) -> None:
    await signed(town, lot, host)
    entered = await lot.passes("enter", 0, PLATE.number, plate_color=PLATE.color)
    await work(town, lot)
    town.fault(CHARGES[host], "pay_fail")
    await passes(lot, "exit", 60)
    for _ in range(60):
        await work(town, lot, timedelta(seconds=6))
        if await notices(town):
            break
    row = await lot.one()
    assert (await notices(town), row.state, row.paid_fen) == (["debit_failed"], "released_unpaid", 0)
    await work(town, lot, timedelta(days=1))
    assert (await notices(town), (await lot.one()).state) == (["debit_failed", "arrears_1"], "arrears")
    assert [order.state for order in await orders(town)] == ["closed"]
    await lot.paid(entered.session_id, town.accounts["wang"])
    await work(town, lot, timedelta(days=40))
    assert ((await lot.one()).state, len(await notices(town))) == ("paid", 2)
    assert await town.ledger() == {"host": 1500, "operator": -1500}


@hosts
async def test_a_charge_whose_outcome_is_lost_is_asked_about_and_settles_the_session(
    town: Town, lot: Lot, host: str
) -> None:
    await signed(town, lot, host)
    await passes(lot, "enter", 0)
    await work(town, lot)
    town.fault(CALLS[host], "error_after_work")
    town.fault(f"{'wechat_pay' if host == 'wechat' else host}.callback", "never")
    await passes(lot, "exit", 60)
    assert (await until(town, lot, "debited")).paid_fen == 1500
    [order] = await orders(town)
    assert len(await town.attempts(order.id)) == 1
    assert await town.ledger() == {"host": 1500, "operator": -1500}


@pytest.mark.case("PK-09")
@hosts
async def test_a_guessed_plate_is_never_charged(town: Town, lot: Lot, host: str) -> None:
    await signed(town, lot, host)
    await passes(lot, "enter", 0)
    await work(town, lot)
    assert await passes(lot, "exit", 60, "沪AD12346") == "to_pay"
    await passes(lot, "exit", 61, "沪AD12346", opened=True, reason="fail_open")
    await work(town, lot, timedelta(hours=1))
    row = await lot.one()
    assert (row.match, row.state, await orders(town)) == ("fuzzy", "released_unpaid", [])


@hosts
async def test_nobody_pays_by_hand_what_is_being_charged(town: Town, lot: Lot, host: str) -> None:
    await signed(town, lot, host)
    entered = await lot.passes("enter", 0, PLATE.number, plate_color=PLATE.color)
    await work(town, lot)
    await passes(lot, "exit", 60)
    await lot.work()  # the debit is under way, and not charged yet
    waiting = str(await town.database.pool.fetch("SELECT task, arguments::text FROM outbox"))
    assert ("payments.debit" in waiting, PLATE.number in waiting) == (True, False)
    async with town.database.session() as session:  # whoever goes on after being refused has stopped nothing
        with pytest.raises(PaymentUnderwayError):
            li = Payer(account_id=town.accounts["li"], idempotency_key="key")
            await pay(lot.deps(session), UUID(entered.session_id), li)
    await until(town, lot, "debited")
    with pytest.raises(AlreadyCoveredError):
        await lot.order(entered.session_id, town.accounts["li"])
    assert await town.ledger() == {"host": 1500, "operator": -1500}


@pytest.mark.case("PK-06")
@pytest.mark.parametrize("host", HOSTS)
async def test_a_payment_whose_callback_never_comes_is_found_by_query_and_entered_once(
    town: Town, lot: Lot, host: str
) -> None:
    entered = await lot.passes("enter", 0)
    town.clock.advance(timedelta(minutes=30))
    order = await lot.order(entered.session_id, town.accounts["li"])
    town.fault(PLACES[host], "never")
    await town.pay(host, await town.begin(host, order.id, "li"), resident="li")
    await lot.passes("exit", 35, opened=True, reason="fail_open")
    assert (await lot.one()).state == "released_unpaid"
    row = await until(town, lot, "paid" if host == "baidu" else "exited")  # Baidu does not say when it was paid
    assert (row.closing_fen, row.paid_fen) == (1500, 1500)
    await work(town, lot, timedelta(hours=1))
    assert await town.ledger() == {"host": 1500, "operator": -1500}
    async with town.database.session() as session:
        assert (await session.exec(select(LedgerTransaction.key))).all() == [f"paid:{(await orders(town))[0].paid_by}"]


async def test_what_nobody_pays_by_hand_after_all_is_debited(town: Town, lot: Lot) -> None:
    await signed(town, lot, "alipay")
    entered = await lot.passes("enter", 0, PLATE.number, plate_color=PLATE.color)
    await work(town, lot, timedelta(minutes=59))
    await lot.order(entered.session_id, town.accounts["li"])
    assert await passes(lot, "exit", 60) == "by_mandate"
    await work(town, lot)
    assert [order.account_id for order in await orders(town)] == [town.accounts["li"]]
    assert (await until(town, lot, "debited")).paid_fen == 1500
    assert sorted(order.state for order in await orders(town)) == ["closed", "paid"]
    assert await notices(town) == []


@pytest.mark.parametrize("act", ["dispute", "write_off"])
@pytest.mark.parametrize("how_far", ["ordered", "asked"])
async def test_a_debit_under_way_is_stopped_by_a_dispute_or_a_write_off(
    town: Town, lot: Lot, how_far: str, act: str
) -> None:
    await signed(town, lot, "alipay")
    entered = UUID((await lot.passes("enter", 0, PLATE.number, plate_color=PLATE.color)).session_id)
    await work(town, lot)
    await passes(lot, "exit", 60)
    if how_far == "asked":  # payments have an attempt, and the host has not heard of it
        await lot.work()
    else:
        async with lot.database.session() as session:
            await settle_session(lot.deps(session), entered)
    assert [order.state for order in await orders(town)] == ["pending" if how_far == "asked" else "created"]
    async with lot.database.session() as session:
        deps = lot.deps(session)
        if act == "dispute":
            opened = await dispute(deps, entered, town.accounts["wang"], "wrong_time")
        else:
            await waive(deps, Speaker("client", frozenset({"garages"})), entered, "camera_broken")
    for _ in range(30):
        await work(town, lot, timedelta(seconds=6))
    row = await lot.one()
    assert (row.state, row.paid_fen, await notices(town)) == ("disputed" if act == "dispute" else "written_off", 0, [])
    assert [order.state for order in await orders(town)] == ["closed"]
    assert await town.ledger() == {}
    if act == "dispute":
        async with lot.database.session() as session:
            await decide_dispute(lot.deps(session), opened.id, "staff:1", 1000)
        await work(town, lot, timedelta(days=1, minutes=1))
        assert (await notices(town), len(await orders(town))) == (["arrears_1"], 1)


async def service(town: Town) -> str:
    async with town.database.session() as session:
        return (await session.exec(select(ParkingHostStay.service))).one()


async def test_a_plate_that_its_owner_pauses_at_wechat_pays_at_the_exit_until_it_is_taken_up_again(
    town: Town, lot: Lot
) -> None:
    await signed(town, lot, "wechat")
    await passes(lot, "enter", 0)
    await work(town, lot)
    vehicles = town.wechat_pay.vehicles
    async with town.database.session() as session:
        assert (await snapshot(lot.deps(session), "box", "")).mandates
    vehicles.change(PLATE.number, "paused")
    await town.eventually(lambda: service(town), lambda word: word == "paused")
    async with town.database.session() as session:
        assert (await snapshot(lot.deps(session), "box", "")).mandates == ()
    assert await passes(lot, "exit", 30) == "to_pay"
    town.clock.advance(timedelta(seconds=5))
    town.fault("wechat_pay.callback", "twice")
    vehicles.change(PLATE.number, "active")
    await town.eventually(lambda: service(town), lambda word: word == "active")
    assert await passes(lot, "exit", 60) == "by_mandate"
    assert (await until(town, lot, "debited")).paid_fen == 1500


async def test_an_older_word_of_wechats_that_comes_late_changes_nothing(town: Town, lot: Lot) -> None:
    await signed(town, lot, "wechat")
    await passes(lot, "enter", 0)
    await work(town, lot)
    vehicles = town.wechat_pay.vehicles
    town.fault("wechat_pay.callback", "out_of_order")
    vehicles.change(PLATE.number, "overdue")
    town.clock.advance(timedelta(seconds=5))
    vehicles.change(PLATE.number, "active")  # tells first, then of what was before
    await town.eventually(lambda: entrances(town), lambda times: times == 2)
    assert await service(town) == "active"
    unknown = ServiceChanged("0" * 32, "p1", "paused", town.clock.now())
    async with town.database.session() as session:
        taken = await take(lot.deps(session), APPS["wechat"], ParkingCallback(unknown, "m1", b"", ""))
    assert (taken.said, taken.odd) == ("a stay that is not ours", True)


async def entrances(town: Town) -> int:
    """Count the words of entrances that were accepted."""
    told = [each for each in town.sandbox.world.events if each.what.startswith("VEHICLE.ENTRANCE_STATE_CHANGE to")]
    return sum(each.result == "HTTP 200" for each in told)


async def test_an_entry_that_the_host_did_not_hear_of_is_told_when_it_is_to_charge(town: Town, lot: Lot) -> None:
    await signed(town, lot, "wechat")
    town.fault("wechat_pay.vehicle_entrance", "unavailable")
    await passes(lot, "enter", 0)
    await work(town, lot)
    assert await told(town) == []
    assert await passes(lot, "exit", 60) == "by_mandate"
    assert (await until(town, lot, "debited")).paid_fen == 1500


async def test_a_lot_that_the_host_does_not_know_asks_for_payment_at_the_exit(town: Town, lot: Lot) -> None:
    await signed(town, lot, "alipay")
    async with town.database.session() as session:
        row = await session.get_one(type(lot.row), lot.row.id)
        row.host_ids = {}
        session.add(row)
    await passes(lot, "enter", 0)
    await work(town, lot)
    assert await told(town) == [(APPS["alipay"], "none", False)]
    assert await passes(lot, "exit", 60) == "to_pay"
