"""Both parking products of WeChat Pay against the simulator, whose signatures cover every byte that was sent."""

from datetime import timedelta

import pytest
from msgspec import structs

from adapters.channel import Refund
from adapters.errors import NotOfferedError, OrderRefusedError, SignatureRefusedError
from adapters.parking import Charge, Charged, ParkingCallback, Plate, ServiceChanged, Stay, StayPayment
from adapters.sandbox.wechat_pay.reminders import LOT
from adapters.sandbox.wechat_pay.vehicles import SUB_MCHID
from adapters.wechat_pay.channel import WeChatPayments, open_account
from adapters.wechat_pay.client import WeChatPayClient
from adapters.wechat_pay.reminders import WeChatReminders
from adapters.wechat_pay.vehicles import VehicleProduct, WeChatVehicles
from kernel.money import Fen
from tests.adapters.wechat_pay.conftest import APP, Shop

PLATE = Plate("粤BD12345", "green")


@pytest.fixture
async def vehicles(shop: Shop) -> WeChatVehicles:
    opened = open_account(shop.account(), shop.http, shop.our_clock, shop.tasks.spawn)
    product = VehicleProduct(sub_mchid=SUB_MCHID)
    shop.simulator.vehicles.agreements.sign(APP, "wang", PLATE.number)
    return WeChatVehicles(APP, shop.account(), product, opened, shop.our_clock)


def stay(shop: Shop, number: str = "stay0001", plate: Plate = PLATE) -> Stay:
    at = shop.our_clock.now() - timedelta(hours=2)
    return Stay(
        number=number,
        plate=plate,
        lot=LOT,
        lot_name="人民广场 P1",
        entered_at=at,
        free=timedelta(minutes=15),
        notify_url=shop.receiver.url,
    )


def charge(shop: Shop, entered: Stay, number: str = "charge0001", amount: int = 1500) -> Charge:
    return Charge(
        number=number,
        amount=Fen(amount),
        subject="停车费",
        stay=entered,
        left_at=shop.our_clock.now(),
        notify_url=shop.receiver.url,
    )


async def told(shop: Shop, vehicles: WeChatVehicles, count: int) -> list[ParkingCallback]:
    return [vehicles.read_callback(each.headers, {}, each.body) for each in await shop.receiver.wait_for(count)]


@pytest.mark.case("FM-36")
async def test_a_plate_s_service_is_asked_for_with_chinese_characters_in_the_signed_query(
    shop: Shop, vehicles: WeChatVehicles
) -> None:
    agreements, wang = shop.simulator.vehicles.agreements, shop.world.subject("wechat", APP, "wang")
    assert await vehicles.service_state(PLATE, wang) == "active"
    assert await vehicles.service_state(PLATE, shop.world.subject("wechat", APP, "li")) == "none"
    assert await vehicles.service_state(Plate("粤A00001", "blue"), wang) == "none"
    agreements.sign(APP, "wang", PLATE.number, "paused")
    assert await vehicles.service_state(PLATE, wang) == "paused"
    with pytest.raises(OrderRefusedError, match="unknown"):
        await vehicles.service_state(Plate(PLATE.number), wang)


@pytest.mark.case("FM-40")
async def test_an_entry_is_one_however_often_it_is_told_and_its_fee_is_taken_after_leaving(
    shop: Shop, vehicles: WeChatVehicles
) -> None:
    entry = stay(shop)
    entered = await vehicles.announce_entry(entry)
    assert entered.service == "active"
    assert await vehicles.announce_entry(entry) == entered
    parked = structs.replace(entry, reference=entered.reference)
    assert (await vehicles.charge(charge(shop, parked))).state == "accepted"
    (paid,) = await told(shop, vehicles, 1)
    found = await vehicles.query_charge("charge0001")
    assert paid.about == found
    assert (found.state, found.amount, found.advanced) == ("paid", 1500, False)
    assert await vehicles.query_charge("charge0002") == Charged(number="charge0002", state="unknown")
    payment = await shop.channel().query("charge0001")  # in the merchant's books as any other
    assert (payment.state, payment.amount, payment.transaction) == ("paid", 1500, found.transaction)


@pytest.mark.case("FM-38")
async def test_a_charge_fails_after_the_car_has_left_and_the_same_number_tells_so(
    shop: Shop, vehicles: WeChatVehicles
) -> None:
    shop.world.plan_fault("wechat_pay.vehicle_charge", "pay_fail")
    entry = stay(shop)
    parked = structs.replace(entry, reference=(await vehicles.announce_entry(entry)).reference)
    asked = charge(shop, parked)
    assert (await vehicles.charge(asked)).state == "accepted"
    (failed,) = await told(shop, vehicles, 1)
    assert isinstance(failed.about, Charged)
    assert (failed.about.number, failed.about.state) == ("charge0001", "failed")
    assert (await vehicles.charge(asked)).state == "failed"  # the same again takes nothing
    assert len(shop.receiver.received) == 1


@pytest.mark.case("FM-38")
async def test_what_wechat_advances_is_paid_at_once_and_its_repayment_is_a_second_message(
    shop: Shop, vehicles: WeChatVehicles
) -> None:
    shop.world.plan_fault("wechat_pay.vehicle_charge", "advanced")
    entry = stay(shop)
    parked = structs.replace(entry, reference=(await vehicles.announce_entry(entry)).reference)
    await vehicles.charge(charge(shop, parked))
    advanced, repaid = [each.about for each in await told(shop, vehicles, 2)]
    assert isinstance(advanced, Charged)
    assert isinstance(repaid, Charged)
    assert [(each.state, each.advanced, each.repaid) for each in (advanced, repaid)] == [
        ("paid", True, False),
        ("paid", True, True),
    ]
    assert advanced.transaction == repaid.transaction


async def test_a_charge_is_given_back_only_in_the_name_of_whose_fee_it_was(
    shop: Shop, vehicles: WeChatVehicles
) -> None:
    account = shop.account(refunds=shop.receiver.url)
    channel = WeChatPayments(APP, account, shop.http, shop.our_clock, shop.tasks.spawn, sub_mchid=SUB_MCHID)
    entry = stay(shop)
    parked = structs.replace(entry, reference=(await vehicles.announce_entry(entry)).reference)
    await vehicles.charge(charge(shop, parked))
    await told(shop, vehicles, 1)
    charged = (await vehicles.query_charge("charge0001")).payment()
    nameless = structs.replace(charged, charged=False)
    with pytest.raises(OrderRefusedError, match="sub_mchid"):
        await channel.refund("refund0001", nameless, Fen(500), "")
    assert (await channel.refund("refund0001", charged, Fen(500), "")).amount == 500
    notice = (await shop.receiver.wait_for(2))[1]
    done = Refund(number="refund0001", order="charge0001", state="done", amount=Fen(500))
    assert channel.read_callback(notice.headers, {}, notice.body).about == done
    assert await channel.query_refund("refund0001", charged) == done
    with pytest.raises(OrderRefusedError, match="sub_mchid"):
        await channel.query_refund("refund0001", nameless)


async def test_an_agreement_that_changes_during_a_stay_is_told_and_blocks_its_charge(
    shop: Shop, vehicles: WeChatVehicles
) -> None:
    entry = stay(shop)
    entered = await vehicles.announce_entry(entry)
    shop.simulator.vehicles.change(PLATE.number, "overdue")
    (changed,) = await told(shop, vehicles, 1)
    now = shop.world.clock.now().replace(microsecond=0)
    assert changed.about == ServiceChanged("stay0001", entered.reference, "overdue", now)
    assert (await vehicles.announce_entry(stay(shop, "stay0002"))).service == "overdue"
    with pytest.raises(OrderRefusedError, match="RULE_LIMIT"):
        await vehicles.charge(charge(shop, structs.replace(entry, reference=entered.reference)))


@pytest.mark.case("FM-36")
async def test_a_charge_of_another_plate_or_stay_than_the_entry_s_is_refused(
    shop: Shop, vehicles: WeChatVehicles
) -> None:
    entry = stay(shop)
    entered = await vehicles.announce_entry(entry)
    for wrong in (
        structs.replace(entry, reference=entered.reference, plate=Plate("粤BD12346", "green")),
        structs.replace(entry, reference=entered.reference, plate=Plate(PLATE.number, "yellow_green")),
        structs.replace(entry, reference="another"),
    ):
        with pytest.raises(OrderRefusedError, match="INVALID_REQUEST"):
            await vehicles.charge(charge(shop, wrong))
    with pytest.raises(OrderRefusedError, match="Nothing"):
        await vehicles.charge(charge(shop, entry, amount=0))


@pytest.mark.case("FM-37")
async def test_an_entry_of_a_gate_whose_clock_runs_ahead_is_told_as_now(shop: Shop, vehicles: WeChatVehicles) -> None:
    ahead = structs.replace(stay(shop), entered_at=shop.our_clock.now() + timedelta(minutes=3))
    assert (await vehicles.announce_entry(ahead)).reference
    reminders = reminders_of(shop)
    assert (await reminders.announce_entry(ahead)).reference
    assert shop.simulator.reminders.stays["stay0001"].entry.enter_timestamp <= shop.clock.now().timestamp()


async def test_news_of_another_address_or_merchant_is_not_parking_s(shop: Shop, vehicles: WeChatVehicles) -> None:
    await shop.paid(shop.channel(), shop.order())
    (payment,) = await shop.receiver.wait_for(1)
    with pytest.raises(SignatureRefusedError):  # a payment has no sp_mchid
        vehicles.read_callback(payment.headers, {}, payment.body)
    with pytest.raises(NotOfferedError):
        await vehicles.announce_exit(stay(shop), shop.our_clock.now())


def reminders_of(shop: Shop) -> WeChatReminders:
    signed, keys = open_account(shop.account(), shop.http, shop.our_clock, shop.tasks.spawn)
    return WeChatReminders(WeChatPayClient(signed, keys), shop.our_clock)


async def test_reminders_hear_of_a_stay_from_its_entry_to_its_exit(shop: Shop) -> None:
    reminders, entry = reminders_of(shop), stay(shop, plate=Plate("粤B12345", "blue"))
    entered = await reminders.announce_entry(entry)
    assert entered.service == "none"
    assert await reminders.announce_entry(entry) == entered
    paid = StayPayment(
        number="order0001", transaction="4200000001", total=Fen(1500), paid=Fen(1200), at=shop.our_clock.now()
    )
    await reminders.announce_payment(entry, paid)
    await reminders.announce_exit(entry, shop.our_clock.now())
    known = shop.simulator.reminders.stays["stay0001"]
    assert known.entry.plate_color == "PLATE_COLOR_BLUE"
    assert [(each.total_amount, each.paid_amount) for each in known.paid] == [(1500, 1200)]
    left = known.left
    assert left is not None
    await reminders.announce_payment(entry, paid)
    with pytest.raises(OrderRefusedError, match="已离场"):
        await reminders.announce_payment(entry, structs.replace(paid, number="order0002"))
    with pytest.raises(OrderRefusedError, match="已离场"):
        await reminders.announce_exit(entry, shop.our_clock.now() - timedelta(minutes=1))
    assert (len(known.paid), known.left) == (1, left)
    with pytest.raises(OrderRefusedError, match="INVALID_REQUEST"):
        await reminders.announce_exit(structs.replace(entry, lot="another"), shop.our_clock.now())
    with pytest.raises(OrderRefusedError, match="no such stay"):
        await reminders.announce_exit(stay(shop, "stay0009"), shop.our_clock.now())
    with pytest.raises(OrderRefusedError, match="Nothing was paid"):
        await reminders.announce_payment(entry, structs.replace(paid, paid=Fen(0)))
    with pytest.raises(NotOfferedError):
        await reminders.charge(charge(shop, entry))
