"""A client that does exactly what it is told, byte by byte, and reads answers one by one."""

import asyncio
import socket
import struct
from typing import Any, Self

import httptools


class Reply:
    """One parsed answer."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.is_complete = False
        self.is_chunked = False

    def __repr__(self) -> str:
        return f"<{self.status} {self.headers} {self.body!r}>"


class Client:
    """A raw connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, **options: Any) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port, **options))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            if len(pieces) > 1:
                await asyncio.sleep(0.001)

    async def reply(self, *, to_head: bool = False) -> Reply:
        """Read exactly one final answer."""
        head = await self._head()
        while head.startswith(b"HTTP/1.1 1"):
            head = await self._head()
        lines = head.decode("latin-1").split("\r\n")[:-2]
        reply = Reply()
        reply.status = int(lines[0].split(" ")[1])
        pairs = [line.split(": ", 1) for line in lines[1:]]
        reply.headers = dict(pairs)
        assert len(pairs) == len(reply.headers), f"a repeated header: {head!r}"
        if to_head or reply.status in {204, 304}:
            return reply
        if reply.headers.get("transfer-encoding") == "chunked":
            reply.is_chunked = True
            chunks = []
            while size := int((await self._line()).split(b";")[0], 16):
                chunks.append(await self._exactly(size))
                assert await self._exactly(2) == b"\r\n"
            reply.body = b"".join(chunks)
            assert await self._exactly(2) == b"\r\n"
        elif "content-length" in reply.headers:
            reply.body = await self._exactly(int(reply.headers["content-length"]))
        else:
            reply.body = await self.rest()
        return reply

    async def ask(self, *pieces: bytes, to_head: bool = False) -> Reply:
        await self.send(*pieces)
        return await self.reply(to_head=to_head)

    async def rest(self) -> bytes:
        """Read all that comes until the server ends its side."""
        async with asyncio.timeout(10):
            return await self.reader.read()

    def reset(self) -> None:
        """Vanish without a goodbye."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def _head(self) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def _line(self) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.readuntil(b"\r\n")

    async def _exactly(self, size: int) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.readexactly(size)


def parse(data: bytes) -> list[Reply]:
    """Parse answers to GET and POST that came as one stream."""
    replies: list[Reply] = []

    class Answers:
        def on_message_begin(self) -> None:
            replies.append(Reply())

        def on_header(self, name: bytes, value: bytes) -> None:
            replies[-1].headers[name.decode()] = value.decode()

        def on_body(self, part: bytes) -> None:
            replies[-1].body += part

        def on_message_complete(self) -> None:
            replies[-1].is_complete = True
            replies[-1].status = parser.get_status_code()

    parser: Any = httptools.HttpResponseParser(Answers())
    parser.feed_data(data)
    return replies
