"""A simulated Alipay on a real socket, and beside it the city's own server that takes its notices."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from litestar import Request, Response, post

from adapters.alipay.app import AlipayApp
from adapters.alipay.channel import AlipayChannel
from adapters.alipay.client import AlipayClient
from adapters.channel import Callback, HostIdentity, Order
from adapters.errors import SignatureRefusedError
from adapters.http import HostHttp, open_http
from adapters.sandbox.alipay.console import SimulatedApp, Template
from adapters.sandbox.alipay.simulator import SimulatedAlipay
from adapters.sandbox.rsa_keys import new_key
from adapters.sandbox.world import World
from cli.ports import bindable
from kernel.clock import ManualClock, SystemClock
from kernel.money import Fen
from tests.adapters.simulators import Tasks, serve_handlers

APP, OLD_APP, CERT_APP = "2021000000000001", "2021000000000002", "2021000000000003"
CONTENT_KEY = "aYA0GP8JEW+D7/UFaskCWA=="
PAGES = frozenset({"pages/park/index", "pages/bill/index"})
PARKED = "TEMPLATE_PARKED"
SLOW_SECONDS = 3.0
TEMPLATES = {PARKED: Template("停车提醒", {"keyword1": "车牌", "keyword2": "地点"})}


class KeyRing:
    """The keys of one test, all different; they are made once for all tests, since making one takes long."""

    _made: ClassVar[list[RSAPrivateKey]] = []

    def __init__(self) -> None:
        self._used = 0

    def __call__(self) -> RSAPrivateKey:
        if self._used == len(self._made):
            self._made.append(new_key())
        self._used += 1
        return self._made[self._used - 1]


class Alipay:
    """What a test has: the simulator, the adapter, and what has come to the notify URL."""

    def __init__(self, http: HostHttp, port: int) -> None:
        self.http = http
        self.clock = ManualClock(SystemClock().now().replace(microsecond=0))
        self.tasks = Tasks()
        self.world = World(self.clock, 7, self.tasks.spawn)
        self.origin = f"http://127.0.0.1:{port}/alipay"
        self.notify_url = f"http://127.0.0.1:{port}/notify"
        self.host = SimulatedAlipay(self.world, http, pace=1 / 6000, slow_seconds=SLOW_SECONDS, keys=KeyRing())
        self.posted: list[bytes] = []
        self.callbacks: list[Callback] = []
        self.refused: list[str] = []
        self.answer: bytes | None = None  # instead of what the adapter says
        self.channels: dict[str, AlipayChannel] = {}

    def client(self, app_id: str = APP, **changed: Any) -> AlipayClient:
        settings, trust = self.host.console.credentials(app_id)
        fields = {name: getattr(settings, name) for name in AlipayApp.__struct_fields__}
        return AlipayClient(self.http, self.clock, AlipayApp(**(fields | changed)), trust, self.origin)

    def channel(self, app_id: str = APP, **changed: Any) -> AlipayChannel:
        return AlipayChannel(self.client(app_id, **changed), self.clock)

    async def identity(self, resident: str = "wang", app_id: str = APP) -> HostIdentity:
        return await self.channel(app_id).sign_in(self.host.login(app_id, resident))

    async def order(self, number: str, fen: int = 510, payer: HostIdentity | None = None) -> Order:
        payer = payer or await self.identity()
        expires = self.clock.now() + timedelta(minutes=15)
        return Order(
            number=number,
            amount=Fen(fen),
            subject='停车费 } 南门/东 "sign":"x"',
            payer=payer,
            notify_url=self.notify_url,
            expires_at=expires,
        )

    @asynccontextmanager
    async def impatient(self) -> AsyncIterator[None]:
        """Wait less long than a slow answer takes, for the length of a block."""
        patient = self.http
        async with open_http(self.origin.removesuffix("/alipay"), "Alipay", seconds=SLOW_SECONDS - 1) as self.http:
            yield
        self.http = patient

    async def paid(self, number: str, fen: int = 510) -> None:
        """Create an order and pay it."""
        handed = await self.channel().prepay(await self.order(number, fen))
        assert await self.host.pay(APP, "wang", handed) == "9000"

    async def notices(self, count: int) -> list[Callback]:
        """Wait until so many believed notices have come."""
        async with asyncio.timeout(20):
            while len(self.callbacks) < count:
                await asyncio.sleep(0.005)
        return self.callbacks

    async def silence(self) -> None:
        """Wait until nothing is to be sent any more."""
        await self.tasks.finish()

    async def take_notice(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        body = await request.body()
        self.posted.append(body)
        app_id = next((each for each in self.channels if f"app_id={each}".encode() in body), APP)
        try:
            callback = self.channels[app_id].read_callback(dict(request.headers), {}, body)
        except SignatureRefusedError as error:
            self.refused.append(error.message)
            return Response(error.message.encode(), status_code=401, media_type="text/plain")
        self.callbacks.append(callback)
        reply = callback.reply if self.answer is None else self.answer
        return Response(reply, status_code=200, media_type=callback.reply_type)


@pytest.fixture
async def alipay() -> AsyncIterator[Alipay]:
    """Three apps: a new one (open_id), an old one (user_id), and one in certificate mode with encrypted content."""
    port = bindable("127.0.0.1", 0)
    async with open_http(
        f"http://127.0.0.1:{port}", "Alipay", seconds=30.0
    ) as http:  # on a machine that does other things
        alipay = Alipay(http, port)
        register = alipay.host.console.register
        common: dict[str, Any] = {
            "content_key": CONTENT_KEY,
            "pages": PAGES,
            "templates": TEMPLATES,
            "message_url": alipay.notify_url,
        }
        rules = ("https://city.example/p/",)
        register(SimulatedApp(app_id=APP, name="一网", url_rules=rules, **common))
        register(SimulatedApp(app_id=OLD_APP, name="一网 旧", knows="user_id", phone="plain", **common))
        register(SimulatedApp(app_id=CERT_APP, name="一网 证书", knows="both", certificates=True, **common))
        alipay.channels = {each: alipay.channel(each) for each in (APP, OLD_APP, CERT_APP)}

        @post("/notify", status_code=200)
        async def notify(request: Request[Any, Any, Any]) -> Response[bytes]:
            return await alipay.take_notice(request)

        async with serve_handlers([*alipay.host.routes(), notify], port):
            yield alipay
            await alipay.tasks.end()
