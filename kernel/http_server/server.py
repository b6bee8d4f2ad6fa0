"""A listening HTTP/1.1 server for one event loop: its connections, its one timer, and its orderly end."""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress
from email.utils import formatdate
from ssl import SSLContext
from typing import Any

from kernel.http_server.asgi import Application, Exchange
from kernel.http_server.connection import Connection
from kernel.http_server.limits import Limits
from kernel.http_server.request import Direct


class Server:
    """Serves ``direct`` paths by their handlers and all others by ``app``. ``state`` is the ASGI scope's.

    ``now`` and ``date`` are as of the last sweep: no request asks for the time.
    """

    def __init__(
        self,
        app: Application,
        direct: Mapping[str, Direct] | None = None,
        limits: Limits | None = None,
        state: dict[str, Any] | None = None,
    ) -> None:
        self.direct: Mapping[bytes, Direct] = {path.encode(): answerer for path, answerer in (direct or {}).items()}
        self.limits = limits or Limits()
        self.stopping = False
        self.now = 0.0
        self.date = b""
        self.loop: asyncio.AbstractEventLoop
        self._app = app
        self._state = state or {}
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._one_gone = asyncio.Event()

    async def open(self, listening: socket.socket, ssl: SSLContext | None = None) -> None:
        """Accept connections from now on."""
        self.loop = asyncio.get_running_loop()
        self._sweep()
        self._listener = await self.loop.create_server(lambda: Connection(self), sock=listening, ssl=ssl)

    async def stop(self, grace_seconds: float) -> None:
        """Accept nothing more, let what is being answered finish for the grace, then end what is left.

        Streams of events end at once: they have no end of their own, and their clients come back by themselves.
        """
        self.stopping = True
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._connections):
            connection.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_seconds):
                await self._all_gone()
                if self._tasks:  # applications that put away what they had open for a client that is gone
                    await asyncio.wait(self._tasks)
        left = [connection.abort() for connection in list(self._connections)]  # which cancels direct handlers
        await self._all_gone()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *filter(None, left), return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()

    async def _all_gone(self) -> None:
        while self._connections:
            self._one_gone.clear()
            await self._one_gone.wait()

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def _sweep(self) -> None:
        every = self.limits.sweep_seconds
        self._timer = self.loop.call_later(every, self._sweep)
        self.now = self.loop.time()
        self.date = b"date: %b\r\n" % formatdate(usegmt=True).encode()
        for connection in list(self._connections):
            connection.check(self.now, every)

    # --- the connections' side

    def admit(self, connection: Connection) -> bool:
        if len(self._connections) >= self.limits.connections:
            return False
        self._connections.add(connection)
        return True

    def forget(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._one_gone.set()

    def begin(self, exchange: Exchange) -> asyncio.Task[None]:
        """Let the application answer; the task is kept until it ends, which may be after its connection."""
        task = self.loop.create_task(exchange.run(self._app, self._state))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
