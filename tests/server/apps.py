"""What the server serves in tests: handlers for direct paths and a small ASGI application."""

import asyncio
import json
from typing import Any

from kernel.http_server.asgi import Application, Message, Receive, Scope, Send
from kernel.http_server.request import Answer, Direct
from kernel.logs import request_id


class Handlers:
    """Direct handlers that note what happens to them."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.release = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.finished = 0

    def paths(self, body_bytes: int = 1000) -> dict[str, Direct]:
        handlers = {"/echo": echo, "/wait": self.wait, "/fail": fail, "/inject": inject, "/name": name, "/big": big}
        handlers["/empty"] = empty
        return {path: Direct(handler, body_bytes) for path, handler in handlers.items()}

    async def wait(self, _method: str, query_string: bytes, _headers: dict[bytes, bytes], _body: bytes) -> Answer:
        self.started.set()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        self.finished += 1
        return 200, [(b"content-type", b"text/plain")], b"waited " + query_string


def described(**what: Any) -> bytes:
    return json.dumps({k: v.decode("latin-1") if isinstance(v, bytes) else v for k, v in what.items()}).encode()


async def echo(method: str, query_string: bytes, headers: dict[bytes, bytes], body: bytes) -> Answer:
    if b"slow" in query_string:
        await asyncio.sleep(0.001)
    plain = {k.decode(): v.decode("latin-1") for k, v in headers.items()}
    said = described(method=method, query=query_string, headers=plain, body=body)
    return 200, [(b"content-type", b"application/json"), (b"x-own", b"1")], said


async def fail(method: str, query_string: bytes, headers: dict[bytes, bytes], body: bytes) -> Answer:
    raise LookupError("a secret detail")


async def inject(method: str, query_string: bytes, headers: dict[bytes, bytes], body: bytes) -> Answer:
    return 200, [(b"x-name", b"a\r\nset-cookie: b" if query_string == b"crlf" else b"a" + body + b"b")], b""


async def big(method: str, query_string: bytes, headers: dict[bytes, bytes], body: bytes) -> Answer:
    return 200, [], b"x" * int(query_string)


async def empty(method: str, query_string: bytes, headers: dict[bytes, bytes], body: bytes) -> Answer:
    return int(query_string), [], b""


async def name(method: str, query_string: bytes, headers: dict[bytes, bytes], body: bytes) -> Answer:
    """Answer the request id that was there before and the one after."""
    before = request_id.get()
    request_id.set(query_string.decode())
    await asyncio.sleep(0.001)
    return 200, [], f"{before}>{request_id.get()}".encode()


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 404 to everything."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"nothing here"})


async def whole_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message: Message = await receive()
        body += message["body"]
        if not message["more_body"]:
            return bytes(body)


async def sized(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the length of the body."""
    body = await whole_body(receive)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % len(body)})


def stream(handlers: Handlers) -> Application:
    """An application that begins to answer and never ends by itself."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        handlers.started.set()
        try:
            await handlers.release.wait()
        except asyncio.CancelledError:
            handlers.cancelled.set()
            raise

    return app


def parts(handlers: Handlers) -> Application:
    """An application that answers in two parts, of the media type that its path names; the last one when released."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        headers = [(b"content-type", scope["path"].removeprefix("/").encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        gone, released = asyncio.ensure_future(receive()), asyncio.ensure_future(handlers.release.wait())
        await asyncio.wait({gone, released}, return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            released.cancel()
            handlers.cancelled.set()
        else:
            gone.cancel()
            await send({"type": "http.response.body", "body": b"last"})

    return app
