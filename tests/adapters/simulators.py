"""Simulated host apps served over a real socket."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar
from litestar.types import ControllerRouterHandler

from adapters.sandbox.host import SimulatedHost


@asynccontextmanager
async def serve(hosts: Sequence[SimulatedHost]) -> AsyncIterator[str]:
    """Serve the hosts' routes; yields the origin, such as ``http://127.0.0.1:40123``."""
    async with serve_handlers([each for host in hosts for each in host.routes()]) as origin:
        yield origin


@asynccontextmanager
async def serve_handlers(handlers: Sequence[ControllerRouterHandler]) -> AsyncIterator[str]:
    """Serve any Litestar handlers on a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = Litestar(handlers, openapi_config=None)
    server = Server(app, "127.0.0.1", port, interface=Interfaces.ASGINL, websockets=False, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(10):
            await _listening(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()  # type: ignore[no-untyped-call]  # granian has no annotation here
        await serving


async def _listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return
