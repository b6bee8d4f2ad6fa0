"""What bench/server.py loads: the same short answer to the same POST, behind each kind of server.

``python -m bench.serving own|bare PORT``; granian loads ``bench.serving:asgi`` and ``bench.serving:rsgi``.
"""

import asyncio
import sys
from typing import Any

import httptools
import uvloop

from kernel.http_server.listening import listen
from kernel.http_server.request import Answer, Direct
from kernel.http_server.server import Server

ANSWER = b'{"data":{"permit":{"id":"P-1024","free":17}}}'
_HEADERS = [(b"content-type", b"application/json"), (b"x-request-id", b"0123456789ab-1")]


async def direct(_method: str, _query_string: bytes, _headers: dict[bytes, bytes], _body: bytes) -> Answer:
    """Answer a direct path."""
    return 200, list(_HEADERS), ANSWER


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """Answer as an ASGI application: read the body, send the whole answer."""
    if scope["type"] != "http":
        return
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    headers = [*_HEADERS, (b"content-length", b"%d" % len(ANSWER))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


async def rsgi(_scope: Any, protocol: Any) -> None:
    """Answer through granian's own interface."""
    await protocol()
    protocol.response_bytes(200, [(name.decode(), value.decode()) for name, value in _HEADERS], ANSWER)


class Bare(asyncio.Protocol):
    """The floor: parse and answer; no limits, no timeouts, no task, no order, no checks."""

    _head = b"".join(b"%b: %b\r\n" % pair for pair in _HEADERS)
    _answer = b"HTTP/1.1 200 OK\r\n%bcontent-length: %d\r\n\r\n%b" % (_head, len(ANSWER), ANSWER)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # a stream protocol
        self._parser = httptools.HttpRequestParser(self)
        self._headers: dict[bytes, bytes] = {}

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._body = body

    def on_message_complete(self) -> None:
        self._headers = {}
        self._transport.write(self._answer)


async def main(kind: str, port: int) -> None:
    """Serve until ended."""
    with listen("127.0.0.1", port) as listening:
        if kind == "own":
            await Server(asgi, {"/direct": Direct(direct, 2**20)}).open(listening)
        else:
            await asyncio.get_running_loop().create_server(Bare, sock=listening)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
