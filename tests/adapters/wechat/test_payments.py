from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler
from redis.asyncio import Redis

from adapters.bills import Bill
from adapters.channel import Callback, Channel, HostIdentity, Order, Payment, Payments, Refund
from adapters.errors import NotOfferedError
from adapters.http import HostHttp
from adapters.sandbox.host import Bill as Shown
from adapters.sandbox.wechat.host import SimulatedWeChat
from adapters.sandbox.world import World
from adapters.wechat.channel import WeChatChannel
from kernel.clock import ManualClock
from kernel.money import Fen
from tests.adapters.wechat.conftest import APP, settings_of, simulated_app

PAID = Payment(number="1", state="paid", amount=Fen(100))


class Till:
    """Payments that are done at once, and a list of what was asked of them."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    async def prepay(self, order: Order) -> Mapping[str, str]:
        return {"package": order.number}

    async def query(self, number: str) -> Payment:
        self.asked.append((number,))
        return PAID

    async def close(self, number: str) -> None:
        self.asked.append((number,))

    async def refund(self, number: str, order: Payment, amount: Fen, reason: str) -> Refund:
        self.asked.append((number, order, amount, reason))
        return Refund(number=number, order=order.number, state="done", amount=amount)

    async def query_refund(self, number: str, order: Payment) -> Refund:
        return Refund(number=number, order=order.number, state="pending")

    async def bill(self, day: date) -> Bill:
        return Bill(app_id=APP, day=day)

    def read_callback(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Callback:
        self.asked.append((headers, query, body))
        return Callback(PAID, "1", b"")


class Window:
    """A cashier that always pays, and a list of what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    def bill(self, app_id: str, resident: str, parameters: Mapping[str, str]) -> Shown:
        self.asked.append((app_id, resident, parameters))
        return Shown(510, "停车费")

    async def pay(self, app_id: str, resident: str, parameters: Mapping[str, str], *, confirmed: bool = True) -> str:
        self.asked.append((app_id, resident, parameters, confirmed))
        return "ok"

    def agree(self, app_id: str, resident: str, parameters: Mapping[str, Any]) -> str:
        self.asked.append((app_id, resident, parameters))
        return "agreed"

    def routes(self) -> Sequence[HTTPRouteHandler]:
        return []


async def test_money_is_passed_on(http: HostHttp, redis: Redis, clock: ManualClock) -> None:
    till = Till()
    payments: Payments = till
    channel: Channel = WeChatChannel(http, redis, clock, settings_of(), payments=payments)
    order = Order(
        number="1",
        amount=Fen(100),
        subject="停车费",
        payer=HostIdentity("wechat", APP, "o1"),
        notify_url="https://city.example/paid",
        expires_at=clock.now() + timedelta(minutes=5),
    )
    assert await channel.prepay(order) == {"package": "1"}
    assert await channel.query("1") == PAID
    await channel.close("1")
    assert (await channel.refund("r1", PAID, Fen(40), "故障")).amount == 40
    assert (await channel.query_refund("r1", PAID)).state == "pending"
    assert await channel.bill(date(2026, 11, 2)) == Bill(app_id=APP, day=date(2026, 11, 2))
    assert channel.read_callback({"wechatpay-signature": "s"}, {}, b"{}").about == PAID
    assert till.asked[:3] == [("1",), ("1",), ("r1", PAID, 40, "故障")]
    assert till.asked[3:] == [({"wechatpay-signature": "s"}, {}, b"{}")]


async def test_without_wechat_pay_there_is_none(channel: WeChatChannel, wechat: SimulatedWeChat) -> None:
    for asked in (channel.query("1"), channel.close("1"), channel.query_refund("1", PAID)):
        with pytest.raises(NotOfferedError, match="takes no payments"):
            await asked
    with pytest.raises(NotOfferedError):
        channel.read_callback({"wechatpay-signature": "s"}, {}, b"{}")
    with pytest.raises(KeyError, match="no WeChat Pay"):
        await wechat.pay(APP, "wang", {})


async def test_the_phone_pays_at_the_cashier(world: World) -> None:
    till = Window()
    phone = SimulatedWeChat(world, [simulated_app()], cashier=till)
    for confirmed in (True, False):
        assert await phone.pay(APP, "wang", {"package": "1"}, confirmed=confirmed) == "ok"
    assert till.asked == [(APP, "wang", {"package": "1"}, True), (APP, "wang", {"package": "1"}, False)]
    assert phone.bill(APP, "wang", {"package": "1"}) == Shown(510, "停车费")
    assert phone.apps() == {APP: "市民通"}
