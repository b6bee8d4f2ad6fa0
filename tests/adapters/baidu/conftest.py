"""A simulated Baidu over a real socket, the channel to one of its mini-programs, and our own address for notices."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from litestar import Request, Response, post

from adapters.baidu.app import BaiduApp, BaiduCashier
from adapters.baidu.channel import BaiduChannel
from adapters.baidu.client import fetch_app_token
from adapters.channel import Callback, HostIdentity, Order
from adapters.errors import SignatureRefusedError
from adapters.http import HostHttp, open_http
from adapters.sandbox.baidu.behaviour import Behaviour, PaymentService, RegisteredApp
from adapters.sandbox.baidu.host import CashierKeys, SimulatedBaidu
from adapters.sandbox.world import World
from kernel.clock import ManualClock
from kernel.money import Fen
from tests.adapters.simulators import serve_handlers

APP, SECRET, OTHER_APP = "kRv7Appkey0Yiwang", "5ec4e7" * 5, "kRv7AnotherAppkey"
DEADLINE_SECONDS = 2.0  # as at the real host

Answer = Callable[[Callback], Response[bytes]]


@pytest.fixture(scope="session")
def keys() -> CashierKeys:
    return CashierKeys.fresh()


class Tokens:
    """What shares app tokens between processes, here within one."""

    def __init__(self, http: HostHttp, app: BaiduApp) -> None:
        self.held = ""
        self.failed_ones: list[str] = []
        self._http, self._app = http, app

    async def get(self) -> str:
        if not self.held:
            self.held, _ = await fetch_app_token(self._http, self._app)
        return self.held

    async def failed(self, token: str) -> None:
        self.failed_ones.append(token)
        self.held = ""


@dataclass
class Receiver:
    """Our address for notices; ``answer`` may be replaced, ``refused`` counts what was not signed."""

    channel: BaiduChannel | None = None
    seen: list[Callback] = field(default_factory=list)
    refused: int = 0
    answer: Answer = lambda callback: Response(callback.reply, status_code=200, media_type=callback.reply_type)
    seconds: float = 0.0

    async def take(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        assert self.channel is not None
        try:
            body = await request.body()
            callback = self.channel.read_callback(dict(request.headers), dict(request.query_params), body)
        except SignatureRefusedError:
            self.refused += 1
            return Response(b"", status_code=401)
        self.seen.append(callback)
        if self.seconds:
            await asyncio.sleep(self.seconds)
        return self.answer(callback)


@dataclass
class Sandbox:
    """Everything of one test. ``wait_for`` waits until something has become so."""

    origin: str
    baidu: SimulatedBaidu
    http: HostHttp
    tokens: Tokens
    app: BaiduApp
    cashier: BaiduCashier
    receiver: Receiver
    clock: ManualClock

    def channel(self, app: BaiduApp | None = None, **cashier: Any) -> BaiduChannel:
        settings = {name: getattr(self.cashier, name) for name in BaiduCashier.__struct_fields__}
        return BaiduChannel(
            self.http,
            app or self.app,
            self.tokens.get,
            self.tokens.failed,
            clock=self.clock,
            cashier=BaiduCashier(**settings | cashier),
        )

    async def sign_in(self, channel: BaiduChannel, resident: str = "wang") -> HostIdentity:
        return await channel.sign_in(self.baidu.login(APP, resident))

    def order(self, payer: HostIdentity, number: str = "Y2026112500001", amount: int = 1250, **more: Any) -> Order:
        settings: dict[str, Any] = {
            "number": number,
            "amount": Fen(amount),
            "subject": "停车费 粤B12345",
            "payer": payer,
            "notify_url": f"{self.origin}/notices",
            "expires_at": self.clock.now() + timedelta(minutes=15),
        }
        return Order(**settings | more)


async def wait_for(what: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not what():
            await asyncio.sleep(0.01)


@pytest.fixture
async def sandbox(world: World, clock: ManualClock, keys: CashierKeys) -> AsyncIterator[Sandbox]:
    receiver = Receiver()

    @post("/notices")
    async def notices(request: Request[Any, Any, Any]) -> Response[bytes]:
        return await receiver.take(request)

    apps = [
        RegisteredApp(app_key=APP, secret=SECRET, name="市民通", owner="the city"),
        RegisteredApp(app_key=OTHER_APP, secret=SECRET, name="停车"),
    ]
    service = PaymentService()
    behaviour = Behaviour(slow_seconds=3.0, late_seconds=0.2, retry_scale=0.0003)
    async with open_http("http://127.0.0.1", "the receiver", DEADLINE_SECONDS) as sending:
        baidu = SimulatedBaidu(world, sending, apps, service=service, keys=keys, behaviour=behaviour)
        async with (
            serve_handlers([*baidu.routes(), notices]) as origin,
            open_http(f"{origin}/baidu", "Baidu", seconds=2.0) as http,
        ):
            app = BaiduApp(app_key=APP, secret=SECRET, session_origin=f"{origin}/baidu")
            cashier = BaiduCashier(
                app_key=service.app_key,
                deal_id=service.deal_id,
                key=keys.developer,
                platform_key=keys.platform.public_key(),
                refund_notify_url=f"{origin}/notices",
            )
            made = Sandbox(origin, baidu, http, Tokens(http, app), app, cashier, receiver, clock)
            receiver.channel = made.channel()
            yield made


@pytest.fixture
def channel(sandbox: Sandbox) -> BaiduChannel:
    return sandbox.channel()
