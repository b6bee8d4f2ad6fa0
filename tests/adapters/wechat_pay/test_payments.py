import asyncio
from datetime import timedelta
from typing import Literal

import msgspec
import pytest

from adapters.channel import Payment, Refund
from adapters.errors import HostConfigurationError, OrderRefusedError, OutcomeUnknownError
from kernel.money import Fen
from tests.adapters.wechat_pay.conftest import APP, OTHER_APP, Shop


async def test_an_order_is_made_paid_told_and_found(shop: Shop) -> None:
    channel = shop.receiver.channel = shop.channel()
    order = shop.order()
    parameters = await channel.prepay(order)
    assert parameters["signType"] == "RSA"
    assert parameters["package"].startswith("prepay_id=wx")
    assert (await channel.query(order.number)).state == "pending"
    assert await shop.simulator.pay(APP, "wang", parameters) == "requestPayment:ok"
    payment = await channel.query(order.number)
    assert (payment.state, payment.amount, payment.payer) == ("paid", 880, order.payer.subject)
    assert payment.paid_at is not None
    (came,) = await shop.receiver.wait_for(1)
    callback = channel.read_callback(came.headers, {}, came.body)
    assert callback.about == payment
    assert callback.reply_type == "application/json"
    await shop.tasks.finish()
    assert len(shop.receiver.received) == 1


async def test_the_same_order_again_is_the_same_and_the_number_is_never_anothers(shop: Shop) -> None:
    channel = shop.channel()
    order = shop.order()
    first = await channel.prepay(order)
    assert (await channel.prepay(order))["package"] == first["package"]
    with pytest.raises(OrderRefusedError, match="OUT_TRADE_NO_USED"):
        await channel.prepay(msgspec.structs.replace(order, amount=Fen(881)))


async def test_what_could_never_be_paid_does_not_leave_the_house(shop: Shop) -> None:
    channel = shop.channel()
    with pytest.raises(OrderRefusedError, match="Nothing is to be paid"):
        await channel.prepay(shop.order(amount=0))
    with pytest.raises(OrderRefusedError, match="signed in to"):
        await channel.prepay(shop.order(app_id=OTHER_APP))
    for address in ("https://city.example/n?a=1", "http://city.example/n", "https://city.example/" + "n" * 255, ""):
        with pytest.raises(HostConfigurationError, match="cannot call"):
            await channel.prepay(msgspec.structs.replace(shop.order(), notify_url=address))
    assert {event.what for event in shop.world.events} <= {"certificates"}


async def test_a_payer_of_another_app_is_refused_for_good_despite_its_500(shop: Shop) -> None:
    order = shop.order()
    stranger = msgspec.structs.replace(order.payer, subject=shop.order(app_id=OTHER_APP).payer.subject)
    with pytest.raises(OrderRefusedError, match="OPENID_MISMATCH"):
        await shop.channel().prepay(msgspec.structs.replace(order, payer=stranger))


async def test_a_closed_order_stays_closed(shop: Shop) -> None:
    channel = shop.channel()
    parameters = await channel.prepay(shop.order())
    await channel.close("order0001")
    await channel.close("order0001")
    assert (await channel.query("order0001")).state == "closed"
    assert (await shop.simulator.pay(APP, "wang", parameters)).startswith("requestPayment:fail")
    with pytest.raises(OrderRefusedError, match="ORDER_CLOSED"):
        await channel.prepay(shop.order())


async def test_a_paid_order_cannot_be_closed(shop: Shop) -> None:
    channel = shop.channel()
    await shop.paid(channel, shop.order())
    with pytest.raises(OrderRefusedError, match="ORDERPAID"):
        await channel.close("order0001")


async def test_what_is_not_known_yet_is_neither_unpaid_nor_closed(shop: Shop) -> None:
    channel = shop.channel()
    assert await channel.query("order0001") == Payment(number="order0001", state="unknown")
    with pytest.raises(OutcomeUnknownError, match="or not yet"):
        await channel.close("order0001")
    shop.simulator.behaviour.settling_seconds = 30
    await channel.prepay(shop.order())
    assert (await channel.query("order0001")).state == "unknown"
    shop.clock.ahead = shop.our_clock.ahead = timedelta(seconds=30)
    assert (await channel.query("order0001")).state == "pending"


async def test_while_the_payer_types_the_order_is_pending_and_may_yet_be_closed(shop: Shop) -> None:
    channel = shop.channel()
    parameters = await channel.prepay(shop.order())
    shop.simulator.behaviour.confirm_seconds = 1.5
    paying = asyncio.create_task(shop.simulator.pay(APP, "wang", parameters))
    await asyncio.sleep(0)
    assert (await channel.query("order0001")).state == "pending"
    await channel.close("order0001")
    assert (await paying).startswith("requestPayment:fail")


async def test_what_was_ordered_counts_not_what_a_coupon_left(shop: Shop) -> None:
    shop.simulator.behaviour.discount_fen = 300
    payment = await shop.paid(shop.channel(), shop.order())
    assert payment.amount == 880


@pytest.mark.parametrize(
    "changed",
    [
        {"paySign": "AAAA"},
        {"package": "prepay_id=wx1"},
        {"nonceStr": "other"},
        {"timeStamp": "1"},
        {"signType": "MD5"},
        {"package": "wx1"},
    ],
)
async def test_the_cashier_opens_only_with_what_we_signed(shop: Shop, changed: dict[str, str]) -> None:
    parameters = await shop.channel().prepay(shop.order())
    assert (await shop.simulator.pay(APP, "wang", {**parameters, **changed})).startswith("requestPayment:fail")
    assert (await shop.simulator.pay(APP, "wang", {})).startswith("requestPayment:fail parameter error")
    assert (await shop.simulator.pay(OTHER_APP, "wang", parameters)).startswith("requestPayment:fail")
    assert (await shop.simulator.pay(APP, "li", parameters)).startswith("requestPayment:fail")


async def test_an_expired_order_cannot_be_paid(shop: Shop) -> None:
    parameters = await shop.channel().prepay(shop.order())
    shop.clock.ahead = timedelta(minutes=16)
    assert await shop.simulator.pay(APP, "wang", parameters) == "requestPayment:fail 订单已过期"


async def test_a_refund_is_accepted_then_done_and_told(shop: Shop) -> None:
    channel = shop.channel()
    payment = await shop.paid(channel, shop.order())
    refund = await channel.refund("refund0001", payment, Fen(300), "提前离场")
    assert refund == Refund(number="refund0001", order="order0001", state="pending", amount=Fen(300))
    assert (await channel.refund("refund0001", payment, Fen(300), "提前离场")).number == "refund0001"
    await shop.tasks.finish()
    done = msgspec.structs.replace(refund, state="done")
    assert await channel.query_refund("refund0001", payment) == done
    assert (await channel.query("order0001")).state == "refunded"
    told = (await shop.receiver.wait_for(2))[-1]
    assert channel.read_callback(told.headers, {}, told.body).about == done
    await shop.tasks.finish()
    assert len(shop.receiver.received) == 2


async def test_no_more_is_given_back_than_was_paid(shop: Shop) -> None:
    channel = shop.channel()
    payment = await shop.paid(channel, shop.order())
    await channel.refund("refund0001", payment, Fen(800), "")
    with pytest.raises(OrderRefusedError, match="INVALID_REQUEST"):
        await channel.refund("refund0002", payment, Fen(81), "")
    with pytest.raises(OrderRefusedError, match="INVALID_REQUEST"):
        await channel.refund("refund0001", payment, Fen(79), "")
    for amount in (0, 881):
        with pytest.raises(OrderRefusedError, match="cannot be given back"):
            await channel.refund("refund0003", payment, Fen(amount), "")
    with pytest.raises(OrderRefusedError, match="knows no order"):
        await channel.refund("refund0004", msgspec.structs.replace(payment, number="order0002"), Fen(1), "")
    assert (await channel.query_refund("refund0002", payment)).state == "unknown"


@pytest.mark.parametrize("end", ["ABNORMAL", "CLOSED"])
async def test_a_refund_may_fail_after_it_was_accepted(shop: Shop, end: Literal["ABNORMAL", "CLOSED"]) -> None:
    channel = shop.channel()
    payment = await shop.paid(channel, shop.order())
    shop.simulator.behaviour.refund_end = end
    await channel.refund("refund0001", payment, Fen(880), "")
    told = (await shop.receiver.wait_for(2))[-1]
    about = channel.read_callback(told.headers, {}, told.body).about
    assert isinstance(about, Refund)
    assert about.state == "failed"
    assert await channel.query_refund("refund0001", payment) == about


async def test_secrets_are_in_no_repr(shop: Shop) -> None:
    account = shop.account()
    assert account.api_v3_key not in f"{account!r} {shop.simulator.keys!r} {shop.channel(account)!r}"
