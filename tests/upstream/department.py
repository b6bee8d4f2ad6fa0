"""A department's server on a raw socket that behaves exactly as badly as a test writes down."""

import asyncio
import contextlib
import re
import socket
import ssl
import struct
from collections.abc import Callable, Iterable
from enum import Enum, auto


class Do(Enum):
    """What a script may do besides sending bytes and pausing for seconds."""

    CLOSE = auto()
    RESET = auto()
    HANG = auto()  # until the gateway closes the connection


Step = bytes | float | Do
Script = Callable[[str], Iterable[Step]]
"""From the head of a request to the steps of the answer."""


def answer(body: bytes = b"{}", status: str = "200 OK", headers: str = "") -> bytes:
    """A well-formed answer; ``headers`` are whole lines."""
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body


class Department:
    """Counts what it sees: ``heads`` of requests, ``accepted`` connections, and how many are ``open`` now."""

    def __init__(self, script: Script, *, reads_bodies: bool = True) -> None:
        self._script = script
        self._reads_bodies = reads_bodies
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._scheme = "http"
        self.port = 0
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.accepted = 0
        self.sent_bytes = 0
        self.open = 0
        self._changed = asyncio.Condition()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        self._scheme = "https" if tls else "http"
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that this server will see."""
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(condition)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self.open += 1
        try:
            # RuntimeError: uvloop's word for writing to a transport that is closed already.
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, RuntimeError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            self.open -= 1
            writer.transport.abort()
            await self._tell()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        length = re.search(r"(?i)content-length: (\d+)", head)
        if length and self._reads_bodies:
            self.bodies.append(await reader.readexactly(int(length[1])))
        await self._tell()
        for step in self._script(head):
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
                self.sent_bytes += len(step)
            elif isinstance(step, float):
                await asyncio.sleep(step)
            else:
                await self._end(step, reader, writer)
                return False
        return True

    async def _end(self, step: Do, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if step is Do.HANG:
            await reader.read()
        elif step is Do.CLOSE:
            writer.close()
            await writer.wait_closed()
        else:
            sock: socket.socket = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
