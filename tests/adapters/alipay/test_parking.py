"""Alipay's parking against the simulator: what is told of stays, agreements for plates, and charges."""

from datetime import timedelta

import pytest
from msgspec import structs

from adapters.alipay.parking import AlipayParking
from adapters.errors import NotOfferedError, OrderRefusedError, OutcomeUnknownError
from adapters.parking import Charge, Charged, Plate, Stay, StayPayment
from adapters.sandbox.alipay.parking import LOT
from kernel.money import Fen
from tests.adapters.alipay.conftest import APP, Alipay

PLATE = Plate("沪AD12345", "yellow_green")


@pytest.fixture
def parking(alipay: Alipay) -> AlipayParking:
    alipay.host.parking.agreements.sign(APP, "wang", PLATE.number)
    return AlipayParking(alipay.client(), alipay.clock)


def stay(alipay: Alipay, number: str = "S1", plate: Plate = PLATE) -> Stay:
    at = alipay.clock.now() - timedelta(hours=1)
    return Stay(number=number, plate=plate, lot=LOT, lot_name="南门", entered_at=at, free=timedelta(minutes=15))


def charge(alipay: Alipay, number: str = "C1", plate: Plate = PLATE, amount: int = 1500) -> Charge:
    return Charge(
        number=number,
        amount=Fen(amount),
        subject="停车费",
        stay=stay(alipay, plate=plate),
        left_at=alipay.clock.now(),
        notify_url=alipay.notify_url,
    )


async def test_whose_plate_it_is_decides_whether_a_fee_can_be_taken(alipay: Alipay, parking: AlipayParking) -> None:
    wang, li = await alipay.identity("wang"), await alipay.identity("li")
    assert await parking.service_state(PLATE) == "active"
    assert await parking.service_state(PLATE, wang.subject) == "active"
    assert await parking.service_state(PLATE, li.subject) == "none"
    alipay.host.parking.agreements.end(PLATE.number)
    assert await parking.service_state(PLATE, wang.subject) == "none"
    with pytest.raises(NotOfferedError, match="unknown"):
        await parking.service_state(Plate(PLATE.number))


@pytest.mark.case("FM-40")
async def test_a_stay_is_told_from_its_entry_to_its_exit(alipay: Alipay, parking: AlipayParking) -> None:
    entry = stay(alipay)
    entered = await parking.announce_entry(entry)
    assert entered.service == "active"
    assert await parking.announce_entry(entry) == entered
    paid = StayPayment(number="P1", transaction="2026", total=Fen(1500), paid=Fen(1200), at=alipay.clock.now())
    await parking.announce_payment(entry, paid)
    await parking.announce_exit(entry, alipay.clock.now())
    known = alipay.host.parking.stays["S1"]
    assert known.paid[0]["payment_amount"] == "12.00"
    left = known.left
    assert left
    await parking.announce_payment(entry, paid)
    with pytest.raises(OrderRefusedError, match="FINISHED"):
        await parking.announce_payment(entry, structs.replace(paid, number="P2"))
    with pytest.raises(OrderRefusedError, match="FINISHED"):
        await parking.announce_exit(entry, alipay.clock.now() - timedelta(minutes=1))
    assert (len(known.paid), known.left) == (1, left)
    assert (await parking.announce_entry(stay(alipay, "S2", Plate("沪A00001", "blue")))).service == "none"


@pytest.mark.case("FM-36")
@pytest.mark.case("FM-37")
async def test_a_refusal_by_the_second_code_is_one(alipay: Alipay, parking: AlipayParking) -> None:
    entry = stay(alipay)
    await parking.announce_entry(entry)
    with pytest.raises(OrderRefusedError, match="PARKING_LOT_NOT_EXIST"):
        await parking.announce_exit(structs.replace(entry, lot="another"), alipay.clock.now())
    with pytest.raises(OrderRefusedError, match="PARKING_RECORD_NOT_MATCH"):
        await parking.announce_exit(structs.replace(entry, plate=Plate("沪A00001", "blue")), alipay.clock.now())
    ahead = structs.replace(stay(alipay, "S2"), entered_at=alipay.clock.now() + timedelta(minutes=3))
    assert (await parking.announce_entry(ahead)).reference  # told as now


async def test_a_fee_is_taken_once_and_is_a_trade_as_any_other(alipay: Alipay, parking: AlipayParking) -> None:
    await parking.announce_entry(stay(alipay))
    taken = await parking.charge(charge(alipay))
    assert (taken.state, taken.amount) == ("paid", 1500)
    assert await parking.charge(charge(alipay)) == taken
    assert await parking.query_charge("C1") == taken
    assert await parking.query_charge("C2") == Charged(number="C2", state="unknown")
    await alipay.silence()
    assert parking.read_callback({}, {}, alipay.posted[0]).about == taken
    payment = await alipay.channel().query("C1")
    assert (await alipay.channel().refund("R1", payment, Fen(500), "提前离场")).state == "done"


@pytest.mark.case("FM-38")
async def test_a_charge_that_fails_is_owed_and_one_of_unknown_outcome_is_asked_about(
    alipay: Alipay, parking: AlipayParking
) -> None:
    await parking.announce_entry(stay(alipay))
    alipay.world.plan_fault("alipay.parking_charge", "pay_fail")
    with pytest.raises(OrderRefusedError, match="CHARGE_REFUSED"):
        await parking.charge(charge(alipay))
    assert (await parking.query_charge("C1")).state == "unknown"
    alipay.world.plan_fault("alipay.eco.mycar.parking.order.pay", "error_after_work")
    with pytest.raises(OutcomeUnknownError):
        await parking.charge(charge(alipay, "C2"))
    assert (await parking.query_charge("C2")).state == "paid"
    with pytest.raises(OrderRefusedError, match="PLATE_NOT_SIGNED"):
        await parking.charge(charge(alipay, "C3", Plate("沪A00001", "blue")))
    with pytest.raises(OrderRefusedError):
        await parking.charge(charge(alipay, "C4", amount=0))
