"""A server on a free port of the loopback interface, on both event loops."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
import uvloop

from kernel.http_server.asgi import Application
from kernel.http_server.limits import Limits
from kernel.http_server.listening import listen
from kernel.http_server.request import Direct
from kernel.http_server.server import Server
from tests.server.apps import Handlers, nothing
from tests.server.client import Client


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@dataclass
class Running:
    """A server that runs."""

    server: Server
    port: int

    async def connect(self, **options: Any) -> Client:
        return await Client.connect(self.port, **options)

    async def wait_for_connections(self, number: int) -> None:
        async with asyncio.timeout(10):
            while self.server.connections != number:
                await asyncio.sleep(0.005)


class Serve(Protocol):
    def __call__(
        self, app: Application = nothing, direct: Mapping[str, Direct] | None = None, **limits: Any
    ) -> Awaitable[Running]: ...


@pytest.fixture
def handlers() -> Handlers:
    return Handlers()


@pytest.fixture
async def serve(handlers: Handlers) -> AsyncIterator[Serve]:
    servers: list[Server] = []

    async def start(app: Application = nothing, direct: Mapping[str, Direct] | None = None, **limits: Any) -> Running:
        listening = listen("127.0.0.1", 0)
        port = listening.getsockname()[1]
        server = Server(app, handlers.paths() if direct is None else direct, Limits(**limits))
        await server.open(listening)
        servers.append(server)
        return Running(server, port)

    yield start
    for server in servers:
        await server.stop(0)
        assert server.connections == 0
