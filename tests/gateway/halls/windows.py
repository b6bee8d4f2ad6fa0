"""Browsers in a hall: a gateway that can stop and come again, and what somebody does at its pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kernel.http_server.asgi import Application
from kernel.http_server.listening import listen
from kernel.http_server.server import Server
from tests.browser import Browser


class Served:
    """A gateway at an address that stays the same while it stops and comes again."""

    def __init__(self, app: Application) -> None:
        self._app, self._port = app, 0
        self._server: Server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        listening = listen("127.0.0.1", self._port)
        self._port = listening.getsockname()[1]
        self._server = Server(self._app, {})
        await self._server.open(listening)

    async def stop(self) -> None:
        await self._server.stop(0)


@asynccontextmanager
async def stoppable(app: Application) -> AsyncIterator[Served]:
    made = Served(app)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def sign_in(window: Browser, token: str) -> None:
    await window.type("#credential", token)
    await window.click("form button")
    await window.gone("#credential")
