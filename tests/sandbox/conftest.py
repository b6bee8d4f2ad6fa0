"""A sandbox in the test's loop, served on a real socket, and clients that call it as residents and our code do."""

import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any, cast

import msgspec
import pytest
from msgspec import Struct

from adapters.http import HostHttp, HostReply, open_http
from adapters.identity import IdentityService
from adapters.sandbox.app import sandbox_app
from adapters.sandbox.development import IDENTITY_KEY, SMS_KEY
from adapters.sandbox.host import SimulatedHost
from adapters.sandbox.hosts import Sandbox, build_sandbox
from adapters.sandbox.web import SimulatedWeb
from adapters.sandbox.world import World
from adapters.signed_json import SignedJson, SigningKey
from adapters.web.sms import SmsGateway
from kernel.clock import Clock, ManualClock
from kernel.http_server.asgi import Application
from kernel.http_server.server import Server

TEMPLATES = {"sign_in": frozenset({"code", "minutes"}), "parking_due": frozenset({"plate", "amount"})}


class City(Struct):
    """A sandbox, whoever uses its phones, and what our code would have of it."""

    sandbox: Sandbox
    http: HostHttp
    clock: ManualClock
    base: str
    nonces: "count[int]" = msgspec.field(default_factory=count)

    async def ask(self, method: str, target: str, body: object = None, expect: int | None = None) -> Any:
        """A call of the sandbox's own API; the answer decoded."""
        reply = await self.send(method, target, body)
        assert reply.status == (expect or {"GET": 200, "POST": 201, "DELETE": 204}[method]), reply.body
        return msgspec.json.decode(reply.body) if reply.body else None

    async def send(self, method: str, target: str, body: object = None) -> HostReply:
        data = b"" if body is None else msgspec.json.encode(body)
        return await self.http.send(method, target, data, {"content-type": "application/json"})

    def signed(self, key: SigningKey, prefix: str, clock: Clock | None = None) -> SignedJson:
        return SignedJson(self.http, key, clock or self.clock, lambda: f"n{next(self.nonces)}", prefix=prefix)

    @property
    def sms(self) -> SmsGateway:
        return SmsGateway(self.signed(SMS_KEY, "/web/sms"))

    @property
    def identity(self) -> IdentityService:
        return IdentityService(self.signed(IDENTITY_KEY, "/identity"))

    async def inbox(self, resident: str) -> list[Any]:
        return cast("list[Any]", await self.ask("GET", f"/phones/{resident}/inbox"))

    async def fault(self, where: str, fault: str, times: int = 1) -> None:
        await self.ask("POST", "/faults", {"where": where, "fault": fault, "times": times})


@asynccontextmanager
async def running(
    seed: int = 0, more: Callable[[World], Sequence[SimulatedHost]] = lambda _: ()
) -> AsyncIterator[City]:
    """Serve a sandbox whose web knows TEMPLATES and is quick to be late, and more host apps."""
    clock = ManualClock(datetime(2026, 1, 5, 8, tzinfo=UTC))

    def hosts(world: World) -> list[SimulatedHost]:
        times = {"late_seconds": 0.05, "slow_seconds": 3.0}
        return [SimulatedWeb(world, SMS_KEY, apps={"web": "一网"}, templates=TEMPLATES, **times), *more(world)]

    sandbox = build_sandbox(clock, seed, hosts)
    server = Server(cast("Application", sandbox_app(sandbox)))
    listening = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    await server.open(listening)
    try:
        async with open_http(base, "the sandbox", seconds=2.0) as http:
            yield City(sandbox, http, clock, base)
    finally:
        await server.stop(1.0)
        await sandbox.later.stop()


@pytest.fixture
async def city() -> AsyncIterator[City]:
    async with running() as one:
        yield one
