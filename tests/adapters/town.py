"""Every simulated host app on a real socket, and the channels of a deployment that is wired by the development file."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from litestar import Request, Response, post
from litestar.params import FromPath
from redis.asyncio import Redis

from adapters.apps import open_channels, parse_apps
from adapters.channel import Callback, Channel, Order
from adapters.errors import SignatureRefusedError
from adapters.sandbox.development import APPS, development_apps
from adapters.sandbox.host import Bill, SimulatedHost
from adapters.sandbox.hosts import Sandbox, build_sandbox
from kernel.clock import Clock
from kernel.money import Fen
from tests.adapters.simulators import serve_handlers

NUMBER, AMOUNT, SUBJECT = "order0001", Fen(880), "停车费 粤B12345"


class Town:
    """A sandbox, a deployment's channels to it, and the address that takes its callbacks."""

    def __init__(self, sandbox: Sandbox, origin: str, channels: Mapping[str, Channel]) -> None:
        self.sandbox = sandbox
        self.origin = origin
        self.channels = channels
        self.believed: list[Callback] = []
        self.refused: list[SignatureRefusedError] = []

    def channel(self, host: str) -> Channel:
        return self.channels[APPS[host]]

    async def prepay(self, host: str, number: str = NUMBER, amount: Fen = AMOUNT) -> Mapping[str, str]:
        """Sign wang in and make the order; return what the client gets."""
        channel, simulated = self.channel(host), self.host(host)
        order = Order(
            number=number,
            amount=amount,
            subject=SUBJECT,
            payer=await channel.sign_in(simulated.login(APPS[host], "wang")),
            notify_url=f"{self.origin}/notify/{host}",
            expires_at=self.sandbox.clock.now() + timedelta(minutes=15),
        )
        return await channel.prepay(order)

    async def pay(self, host: str, parameters: Mapping[str, str], *, confirmed: bool = True) -> str:
        return await self.host(host).pay(APPS[host], "wang", parameters, confirmed=confirmed)

    def bill(self, host: str, parameters: Mapping[str, str]) -> Bill:
        return self.host(host).bill(APPS[host], "wang", parameters)

    async def told(self, count: int, *, refused: int = 0) -> list[Callback]:
        """Wait until so many callbacks have come."""
        async with asyncio.timeout(10):
            while len(self.believed) < count or len(self.refused) < refused:
                await asyncio.sleep(0.01)
        return self.believed

    async def take(self, request: Request[Any, Any, Any], host: str) -> Response[bytes]:
        headers, query = dict(request.headers.items()), dict(request.query_params)
        try:
            callback = self.channel(host).read_callback(headers, query, await request.body())
        except SignatureRefusedError as error:
            self.refused.append(error)
            return Response(b"", status_code=401)
        self.believed.append(callback)
        return Response(callback.reply, status_code=200, media_type=callback.reply_type)

    def host(self, host: str) -> SimulatedHost:
        return next(each for each in self.sandbox.hosts if each.provider == host)


@asynccontextmanager
async def open_town(redis: Redis, clock: Clock) -> AsyncIterator[Town]:
    """Open a sandbox and a deployment that runs by the sandbox's clock, which can be moved ahead."""
    sandbox = build_sandbox(clock, seed=7)
    opened: list[Town] = []

    @post("/notify/{host:str}")
    async def notify(request: Request[Any, Any, Any], host: FromPath[str]) -> Response[bytes]:
        return await opened[0].take(request, host)

    routes = [route for host in sandbox.hosts for route in host.routes()]
    async with serve_handlers([*routes, notify]) as origin:
        async with open_channels(parse_apps(development_apps(origin)), redis, sandbox.clock) as channels:
            opened.append(Town(sandbox, origin, channels))
            yield opened[0]
        await sandbox.later.stop()
