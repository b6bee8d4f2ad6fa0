"""The same Litestar application gives the same answers under this server and under granian."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from granian.constants import Interfaces
from granian.server.embed import Server as Granian
from litestar import Litestar, MediaType, Request, Response, delete, get, head, post
from litestar.params import FromPath
from litestar.response import ServerSentEvent, Stream

from kernel.http_server.lifespan import lifespan
from kernel.http_server.listening import listen
from kernel.http_server.server import Server
from tests.server.client import Client


@get("/hello/{name:str}", media_type=MediaType.TEXT)
async def hello(name: FromPath[str], request: Request[Any, Any, Any]) -> str:
    return f"{name} {request.query_params.dict()} {request.url.path} {request.cookies}"


@get("/seen")
async def seen(request: Request[Any, Any, Any]) -> dict[str, Any]:
    scope = request.scope
    return {
        "headers": sorted((name.decode(), value.decode("latin-1")) for name, value in scope["headers"]),
        "method": scope["method"],
        "path": scope["path"],
        "raw_path": scope["raw_path"].decode(),
        "query": scope["query_string"].decode(),
        "version": scope["http_version"],
        "scheme": scope["scheme"],
        "client": scope["client"] and scope["client"][0],
        "type": scope["type"],
    }


@head("/hello")
async def head_only() -> Response[None]:
    return Response(None, headers={"x-own": "1"})


@post("/length", status_code=200)
async def length(request: Request[Any, Any, Any]) -> dict[str, int]:
    return {"length": len(await request.body())}


@post("/limited", request_max_body_size=10)
async def limited(request: Request[Any, Any, Any]) -> int:
    return len(await request.body())


@delete("/thing")
async def nothing() -> None:
    return None


@get("/parts")
async def parts() -> Stream:
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(5):
            await asyncio.sleep(0)
            yield b"%d," % number

    return Stream(pieces, headers={"content-type": "text/plain"})


@get("/events")
async def events() -> ServerSentEvent:
    async def three() -> AsyncIterator[str]:
        for number in range(3):
            yield str(number)

    return ServerSentEvent(three())


@get("/broken")
async def broken() -> None:
    raise RuntimeError("broken")


def application() -> Litestar:
    return Litestar([hello, seen, head_only, length, limited, nothing, parts, events, broken], openapi_config=None)


H = b" HTTP/1.1\r\nHost: city:80\r\n"
TABLE = {
    "path and query": b"GET /hello/x?a=1&b=%20" + H + b"Cookie: c=1\r\n\r\n",
    "percent-encoded path": b"GET /hello/%E5%81%9C%20x" + H + b"\r\n",
    "what the application sees": b"GET /seen?a=%26&b" + H + b"X-A: 1\r\nx-a: 2\r\nX-Empty:\r\n\r\n",
    "HTTP/1.0": b"GET /hello/x HTTP/1.0\r\nHost: a\r\n\r\n",
    "HEAD": b"HEAD /hello" + H + b"\r\n",
    "a body": b"POST /length" + H + b"Content-Length: 5\r\n\r\nhello",
    "no body": b"POST /length" + H + b"Content-Length: 0\r\n\r\n",
    "a long body": b"POST /length" + H + b"Content-Length: 300000\r\n\r\n" + b"x" * 300_000,
    "chunks": b"POST /length" + H + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\n",
    "too long a body": b"POST /limited" + H + b"Content-Length: 11\r\n\r\nhello world",
    "204": b"DELETE /thing" + H + b"\r\n",
    "404": b"GET /nowhere" + H + b"\r\n",
    "405": b"PUT /length" + H + b"Content-Length: 0\r\n\r\n",
    "OPTIONS": b"OPTIONS /length" + H + b"\r\n",
    "a stream": b"GET /parts" + H + b"\r\n",
    "events": b"GET /events" + H + b"\r\n",
    "an error": b"GET /broken" + H + b"\r\n",
}
OF_THE_SERVER = {"date", "server", "connection", "keep-alive"}


@pytest.fixture
async def ports() -> AsyncIterator[tuple[int, int]]:
    listening = listen("127.0.0.1", 0)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        other_port = probe.getsockname()[1]
    granian = Granian(
        application(), "127.0.0.1", other_port, interface=Interfaces.ASGI, websockets=False, log_enabled=False
    )
    serving = asyncio.create_task(granian.serve())
    app = application()
    async with lifespan(app) as state:
        server = Server(app, state=state)
        await server.open(listening)
        yield listening.getsockname()[1], other_port
        await server.stop(0)
    granian.stop()  # type: ignore[no-untyped-call]  # granian's
    await serving


async def test_same_answers(ports: tuple[int, int]) -> None:
    different = {}
    for name, request in TABLE.items():
        answers = []
        for port in ports:
            client = await _connect(port)
            reply = await client.ask(request, to_head=request.startswith(b"HEAD"))
            headers = {key: value for key, value in reply.headers.items() if key not in OF_THE_SERVER}
            answers.append((reply.status, headers, reply.body))
            client.writer.close()
        if answers[0] != answers[1]:
            different[name] = answers
    assert not different


async def _connect(port: int) -> Client:
    async with asyncio.timeout(10):
        while True:
            try:
                return await Client.connect(port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
