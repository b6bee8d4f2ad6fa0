"""One payment at every host app that has a cashier, wired by the development file as a deployment is."""

import asyncio

import msgspec
import pytest
from redis.asyncio import Redis

from adapters.apps import open_channels, parse_apps
from adapters.channel import Callback, Payment
from adapters.errors import NotOfferedError, OutcomeUnknownError
from adapters.sandbox.development import APPS, development_apps
from adapters.sandbox.host import Bill
from adapters.sandbox.world import Fault
from kernel.clock import SystemClock
from kernel.money import Fen
from tests.adapters.town import AMOUNT, NUMBER, SUBJECT, Town

PLACES = {"wechat": "wechat_pay.callback", "alipay": "alipay.callback", "baidu": "baidu.callback"}
PAID = {"wechat": "requestPayment:ok", "alipay": "9000", "baidu": "requestPolymerPayment:ok"}
LEFT = {"wechat": "requestPayment:fail cancel", "alipay": "6001", "baidu": "requestPolymerPayment:fail cancel"}

hosts = pytest.mark.parametrize("host", PLACES)


def about(callback: Callback) -> Payment:
    assert isinstance(callback.about, Payment)
    return callback.about


@hosts
async def test_a_payment_is_left_made_told_found_and_given_back(town: Town, host: str) -> None:
    channel = town.channel(host)
    parameters = await town.prepay(host)
    assert await town.pay(host, parameters, confirmed=False) == LEFT[host]
    assert (await channel.query(NUMBER)).state == "pending"
    assert await town.pay(host, parameters) == PAID[host]
    (callback,) = await town.told(1)
    payment = await channel.query(NUMBER)
    for each in (about(callback), payment):
        assert (each.number, each.state, each.amount) == (NUMBER, "paid", AMOUNT)
    refund = await channel.refund("refund0001", payment, Fen(300), "提前离场")
    assert (refund.number, refund.order) == ("refund0001", NUMBER)
    async with asyncio.timeout(10):
        while (found := await channel.query_refund("refund0001", payment)).state == "pending":
            await asyncio.sleep(0.02)
    assert found.state == "done"


@hosts
async def test_the_cashier_shows_what_there_is_to_confirm_and_nothing_is_paid_by_it(town: Town, host: str) -> None:
    parameters = await town.prepay(host)
    assert town.bill(host, parameters) == Bill(AMOUNT, SUBJECT)
    assert (await town.channel(host).query(NUMBER)).state == "pending"
    assert await town.pay(host, parameters) == PAID[host]
    if host != "baidu":  # whose cashier opens anew, and pays nothing twice
        with pytest.raises(ValueError, match=r"已支付|TRADE_SUCCESS"):
            town.bill(host, parameters)


@hosts
async def test_a_closed_order_cannot_be_paid(town: Town, host: str) -> None:
    parameters = await town.prepay(host)
    await town.pay(host, parameters, confirmed=False)
    await town.channel(host).close(NUMBER)
    assert (await town.channel(host).query(NUMBER)).state == "closed"
    assert await town.pay(host, parameters) not in {PAID[host], LEFT[host]}
    assert town.believed == []


@hosts
@pytest.mark.parametrize("fault", ["late", "twice", "never", "bad_signature"])
async def test_a_query_finds_what_a_callback_says_late_twice_never_or_wrongly(
    town: Town, host: str, fault: Fault
) -> None:
    town.sandbox.world.plan_fault(PLACES[host], fault)
    assert await town.pay(host, await town.prepay(host)) == PAID[host]
    assert (await town.channel(host).query(NUMBER)).state == "paid"
    if fault == "never":
        assert not town.believed
        return
    told = await town.told(2 if fault == "twice" else 1, refused=fault == "bad_signature")
    assert {about(each).state for each in told} == {"paid"}
    assert len({each.message_id for each in told}) == 1
    assert len(town.refused) == (fault == "bad_signature")


async def test_a_probe_of_wechat_pay_s_proves_nothing_and_the_same_order_again_does(town: Town) -> None:
    town.sandbox.world.plan_fault("wechat_pay.prepay", "bad_signature")
    with pytest.raises(OutcomeUnknownError, match="proves nothing"):
        await town.prepay("wechat")
    assert await town.pay("wechat", await town.prepay("wechat")) == PAID["wechat"]


@pytest.mark.parametrize("host", ["wechat", "baidu"])
async def test_an_app_without_a_merchant_says_so(redis: Redis, host: str) -> None:
    raw = msgspec.json.decode(development_apps("http://127.0.0.1:1"))
    entry = next(each for each in raw["apps"] if each["provider"] == host)
    bare = {name: value for name, value in entry.items() if name not in {"pay", "cashier"}}
    apps = parse_apps(msgspec.json.encode({"apps": [bare]}))
    async with open_channels(apps, redis, SystemClock()) as channels:
        channel, payment = channels[APPS[host]], Payment(number=NUMBER, state="paid", amount=AMOUNT)
        for asked in (
            channel.query(NUMBER),
            channel.close(NUMBER),
            channel.refund("refund0001", payment, AMOUNT, ""),
            channel.query_refund("refund0001", payment),
            channel.bill(SystemClock().now().date()),
        ):
            with pytest.raises(NotOfferedError, match=f"{APPS[host]} takes no payments") as raised:
                await asked
            assert "file of host apps" in raised.value.fix
