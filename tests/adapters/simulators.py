"""What tests of host apps share: serving the simulated ones over a real socket, and what these do later."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar
from litestar.types import ControllerRouterHandler

from adapters.sandbox.host import SimulatedHost
from cli.ports import bindable


class Tasks:
    """Runs what happens later; all of it is over when the test is, and none of it may have failed."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> object:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        return task

    async def finish(self) -> None:
        """Wait for everything that was begun, and for what that began."""
        async with asyncio.timeout(30):
            await asyncio.gather(*self._tasks)
            while not all(task.done() for task in self._tasks):
                await asyncio.gather(*self._tasks)

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        failed = [each for each in results if isinstance(each, Exception)]
        assert failed == []


@asynccontextmanager
async def serve(hosts: Sequence[SimulatedHost]) -> AsyncIterator[str]:
    """Serve the hosts' routes; yields the origin, such as ``http://127.0.0.1:40123``."""
    async with serve_handlers([each for host in hosts for each in host.routes()]) as origin:
        yield origin


@asynccontextmanager
async def serve_handlers(handlers: Sequence[ControllerRouterHandler], port: int = 0) -> AsyncIterator[str]:
    """Serve any Litestar handlers on the loopback interface; port 0 is a free one."""
    async with serve_app(Litestar(handlers, openapi_config=None), port) as origin:
        yield origin


@asynccontextmanager
async def serve_app(app: Litestar, port: int = 0) -> AsyncIterator[str]:
    """Serve an application so."""
    port = port or bindable("127.0.0.1", 0)
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
