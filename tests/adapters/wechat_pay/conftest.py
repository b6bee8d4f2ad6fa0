"""The simulated WeChat Pay on a real socket, our adapter against it, and a receiver of callbacks on another socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from adapters.channel import HostIdentity, Order, Payment
from adapters.errors import SignatureRefusedError
from adapters.http import HostHttp, open_http
from adapters.sandbox.clock import MovableClock
from adapters.sandbox.wechat_pay.host import SimulatedWeChatPay
from adapters.sandbox.world import World
from adapters.wechat_pay.account import Account
from adapters.wechat_pay.channel import WeChatPayments
from kernel.clock import SystemClock
from kernel.money import Fen
from tests.adapters.simulators import Tasks, serve_handlers

APP = "wx8888888888888888"
OTHER_APP = "wx7777777777777777"


class Received(Struct):
    """A callback as it arrived: what our adapter is given."""

    headers: dict[str, str]
    body: bytes


class Receiver:
    """Our callback URL: keeps everything, answers with ``channel``'s judgement or with what is in ``answers``."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[Received] = []
        self.answers: list[int] = []
        self.channel: WeChatPayments | None = None
        self._arrived = asyncio.Condition()

    def handler(self) -> HTTPRouteHandler:
        @post("/notify")
        async def notify(request: Request[Any, Any, Any]) -> Response[bytes]:
            came = Received(dict(request.headers.items()), await request.body())
            async with self._arrived:
                self.received.append(came)
                self._arrived.notify_all()
            return self._answer(came)

        return notify

    def _answer(self, came: Received) -> Response[bytes]:
        if self.answers:
            return Response(b'{"code":"FAIL","message":"later"}', status_code=self.answers.pop(0))
        if self.channel is None:
            return Response(b"", status_code=204)
        try:
            callback = self.channel.read_callback(came.headers, {}, came.body)
        except SignatureRefusedError as error:
            return Response(b'{"code":"FAIL"}', status_code=error.http_status)
        return Response(callback.reply, media_type=callback.reply_type, status_code=200)

    async def wait_for(self, number: int) -> list[Received]:
        """Wait until so many have come in all, and return them."""
        async with asyncio.timeout(10), self._arrived:
            await self._arrived.wait_for(lambda: len(self.received) >= number)
        return self.received


class Shop(Struct):
    """Everything in one test: the platform, our channel to it, our callback URL."""

    simulator: SimulatedWeChatPay
    world: World
    clock: MovableClock  # the platform's
    our_clock: MovableClock
    origin: str
    receiver: Receiver
    tasks: Tasks
    http: HostHttp

    def account(self, *, public_key: bool = True, refunds: str = "") -> Account:
        keys = self.simulator.keys
        return Account(
            merchant=keys.merchant,
            api_v3_key=keys.api_v3_key.decode(),
            public_keys={keys.public_key_id: keys.public_key} if public_key else {},
            refund_notify_url=refunds,
        )

    def channel(self, account: Account | None = None, app_id: str = APP) -> WeChatPayments:
        account = account or self.account(refunds=self.receiver.url)
        return WeChatPayments(app_id, account, self.http, self.our_clock, self.tasks.spawn)

    def order(self, number: str = "order0001", amount: int = 880, app_id: str = APP) -> Order:
        return Order(
            number=number,
            amount=Fen(amount),
            subject="停车费 粤B·12345",
            payer=HostIdentity("wechat", app_id, self.world.subject("wechat", app_id, "wang")),
            notify_url=self.receiver.url,
            expires_at=self.our_clock.now() + timedelta(minutes=15),
        )

    async def paid(self, channel: WeChatPayments, order: Order) -> Payment:
        """Have an order made, paid and queried."""
        parameters = await channel.prepay(order)
        assert await self.simulator.pay(APP, "wang", parameters) == "requestPayment:ok"
        return await channel.query(order.number)


@asynccontextmanager
async def open_shop(prefix: str = "/wechat_pay") -> AsyncIterator[Shop]:
    tasks, receiver, clock, our_clock = Tasks(), Receiver(), MovableClock(SystemClock()), MovableClock(SystemClock())
    world = World(clock, 7, tasks.spawn)
    async with open_http("http://127.0.0.1:1", "A receiver") as callbacks, serve_handlers([receiver.handler()]) as ours:
        receiver.url = f"{ours}/notify"
        simulator = SimulatedWeChatPay(world, callbacks, {APP, OTHER_APP}, loopback_callbacks=True, prefix=prefix)
        simulator.behaviour.public_key_share = 1.0
        async with serve_handlers(simulator.routes()) as host:
            origin = host + prefix
            async with open_http(origin, "WeChat Pay", 2.0) as http:
                yield Shop(simulator, world, clock, our_clock, origin, receiver, tasks, http)
        await tasks.end()


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as opened:
        yield opened
