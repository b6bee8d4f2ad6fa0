"""The ASGI side: messages in both directions, framing, disconnects, lifespan."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from kernel.http_server.asgi import Application, ClientGoneError, Message, Receive, Scope, Send
from kernel.http_server.lifespan import StartupError, lifespan
from tests.server.apps import Handlers, sized, stream, whole_body
from tests.server.conftest import Serve

GET = b"GET /a%20b/%E5%81%9C?x=%20 HTTP/1.1\r\nHost: city\r\nX-A: 1\r\nx-a: 2\r\n\r\n"


def answering(*messages: Message) -> Application:
    """An application that sends these messages whatever it is asked."""

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await whole_body(receive)
        for message in messages:
            await send(message)

    return app


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(data: bytes = b"", *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def test_scope(serve: Serve) -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await sized(scope, receive, send)

    running = await serve(app)
    async with await running.connect() as client:
        await client.ask(GET)
        own_port = client.writer.get_extra_info("sockname")[1]
    scope = seen[0]
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/a b/停",
        "raw_path": b"/a%20b/%E5%81%9C",
        "query_string": b"x=%20",
        "root_path": "",
        "headers": [(b"host", b"city"), (b"x-a", b"1"), (b"x-a", b"2")],
        "client": ("127.0.0.1", own_port),
        "server": ("127.0.0.1", running.port),
        "state": {},
    }


FRAMED: dict[str, tuple[list[Message], bytes, dict[str, str]]] = {
    "one part": ([start(), body(b"abc")], b"abc", {"content-length": "3"}),
    "no body": ([start(), body()], b"", {"content-length": "0"}),
    "its own length": (
        [start(200, (b"Content-Length", b"3")), body(b"a", more=True), body(b"bc")],
        b"abc",
        {"content-length": "3"},
    ),
    "parts": (
        [start(), body(b"ab", more=True), body(more=True), body(b"c", more=True), body()],
        b"abc",
        {"transfer-encoding": "chunked"},
    ),
    "its own chunked": (
        [start(200, (b"transfer-encoding", b"chunked")), body(b"ab", more=True), body(b"c")],
        b"abc",
        {"transfer-encoding": "chunked"},
    ),
}


@pytest.mark.parametrize("name", FRAMED)
async def test_framing(serve: Serve, name: str) -> None:
    messages, expected, headers = FRAMED[name]
    async with await (await serve(answering(*messages))).connect() as client:
        for _ in range(2):
            reply = await client.ask(GET)
            assert reply.body == expected
            assert {k: v for k, v in reply.headers.items() if k != "date"} == headers
        reply = await client.ask(GET.replace(b"GET", b"HEAD"), to_head=True)
        reply = await client.ask(GET)
        assert reply.body == expected


async def test_an_answer_to_head_is_its_head_however_long_the_other_one_lasts(serve: Serve) -> None:
    """The application hears that nobody takes the rest, and the connection goes on."""
    left = asyncio.Event()

    async def endless(_: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(start(200, (b"content-type", b"text/event-stream")))
        await send(body(b"data: 1\n\n", more=True))
        while (await receive())["type"] != "http.disconnect":
            pass
        with contextlib.suppress(OSError):
            await send(body(b"data: 2\n\n", more=True))
        left.set()

    async with await (await serve(endless)).connect() as client:
        for _ in range(2):
            reply = await client.ask(GET.replace(b"GET", b"HEAD"), to_head=True)
            assert {k: v for k, v in reply.headers.items() if k != "date"} == {"content-type": "text/event-stream"}
            async with asyncio.timeout(10):
                await left.wait()
            left.clear()


@pytest.mark.parametrize("name", ["parts", "its own chunked"])
async def test_http_1_0_knows_no_chunks(serve: Serve, name: str) -> None:
    messages, expected, _ = FRAMED[name]
    async with await (await serve(answering(*messages))).connect() as client:
        reply = await client.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert (reply.body, reply.headers["connection"]) == (expected, "close")
        assert "transfer-encoding" not in reply.headers


@pytest.mark.parametrize("status", [204, 304])
async def test_bodiless_statuses(serve: Serve, status: int) -> None:
    messages = start(status, (b"content-length", b"3")), body(b"abc")
    async with await (await serve(answering(*messages))).connect() as client:
        for _ in range(2):
            reply = await client.ask(GET)
            assert reply.status == status
            assert ("content-length" in reply.headers) == (status == 304)


async def test_what_belongs_to_the_connection_is_the_servers(serve: Serve) -> None:
    headers = ((b"Connection", b"close"), (b"Keep-Alive", b"timeout=5"), (b"Date", b"today"), (b"X-B", b"1"))
    async with await (await serve(answering(start(200, *headers), body(b"abc")))).connect() as client:
        reply = await client.ask(GET)
        assert reply.headers == {"date": "today", "x-b": "1", "content-length": "3", "connection": "close"}
        assert await client.rest() == b""


WRONG: dict[str, tuple[list[Message], bool]] = {
    "nothing": ([], False),
    "only a start": ([start()], False),
    "a body first": ([body(b"a")], False),
    "two starts": ([start(), start(), body()], False),
    "an unknown message": ([{"type": "http.response.trailers"}], False),
    "a line break in a header": ([start(200, (b"x", b"a\r\nb: c")), body()], False),
    "too much": ([start(200, (b"content-length", b"2")), body(b"abc")], False),
    "too little": ([start(200, (b"content-length", b"5")), body(b"abc")], False),
    "too much later": ([start(200, (b"content-length", b"2")), body(b"a", more=True), body(b"bc")], True),
    "too little in the end": ([start(200, (b"content-length", b"5")), body(b"a", more=True), body(b"bc")], True),
    "no end": ([start(), body(b"abc", more=True)], True),
}


@pytest.mark.parametrize("name", WRONG)
async def test_an_application_that_breaks_the_rules(serve: Serve, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Before anything is sent it is a 500; after that, only breaking off says that the answer is not whole."""
    messages, has_begun = WRONG[name]
    async with await (await serve(answering(*messages))).connect() as client:
        if has_begun:
            await client.send(GET)
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await client.reply()
        else:
            for _ in range(2):
                assert (await client.ask(GET)).status == 500
    assert caplog.records


async def test_a_body_streams_in_with_backpressure(serve: Serve) -> None:
    """What the application does not take is not read: the client's sending stalls."""
    take = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await take.wait()
        await sized(scope, receive, send)

    size = 40_000_000
    async with await (await serve(app)).connect() as client:
        client.writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        client.writer.write(b"x" * size)
        await asyncio.sleep(0.3)
        assert client.writer.transport.get_write_buffer_size() > size / 2
        take.set()
        assert (await client.reply()).body == b"%d" % size
        assert (await client.ask(GET)).body == b"0"


async def test_an_answer_streams_out_with_backpressure(serve: Serve) -> None:
    sent = 0

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        nonlocal sent
        await send(start())
        for _ in range(600):
            await send(body(b"x" * 50_000, more=True))
            sent += 50_000
        await send(body())

    async with await (await serve(app)).connect(limit=2**16) as client:
        await client.send(GET)
        await asyncio.sleep(0.3)
        assert 0 < sent < 20_000_000
        assert len((await client.reply()).body) == 30_000_000


async def test_an_answer_before_the_body_is_read_ends_the_connection(serve: Serve) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(start(401))
        await send(body(b"who are you?"))

    async with await (await serve(app)).connect() as client:
        client.writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 5_000_000)
        reply = await client.reply()
        assert (reply.status, reply.body, reply.headers["connection"]) == (401, b"who are you?", "close")


async def test_each_part_is_sent_when_it_is_there(serve: Serve, handlers: Handlers) -> None:
    async with await (await serve(stream(handlers))).connect() as client:
        await client.send(GET)
        async with asyncio.timeout(10):
            assert (await client.reader.readuntil(b"one\r\n")).endswith(b"\r\n3\r\none\r\n")


@pytest.mark.parametrize("leave", [lambda client: client.reset(), lambda client: client.writer.close()])
async def test_disconnect(serve: Serve, leave: Callable[[Any], None]) -> None:
    seen: list[Any] = []
    done = asyncio.Event()

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"one", more=True))
        seen.extend([await receive(), await receive(), await receive()])
        try:
            await send(body(b"two"))
        except ClientGoneError as error:
            seen.append(error)
        done.set()

    running = await serve(app, half_closed_seconds=0.1)
    client = await running.connect()
    await client.send(GET)
    await client.reader.readuntil(b"one")
    leave(client)
    async with asyncio.timeout(10):
        await done.wait()
    assert [each["type"] for each in seen[:3]] == ["http.request", "http.disconnect", "http.disconnect"]
    assert isinstance(seen[3], ClientGoneError)


async def test_after_the_answer_the_client_counts_as_gone(serve: Serve) -> None:
    after: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await sized(scope, receive, send)
        after.append(await receive())

    async with await (await serve(app)).connect() as client:
        await client.ask(GET)
        await client.ask(GET)
    assert after == [{"type": "http.disconnect"}] * 2


async def test_lifespan() -> None:
    heard = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for step in ("startup", "shutdown"):
            heard.append((await receive())["type"])
            scope["state"]["steps"] = len(heard)
            await send({"type": f"lifespan.{step}.complete"})

    async with lifespan(app) as state:
        assert state == {"steps": 1}
    assert heard == ["lifespan.startup", "lifespan.shutdown"]


async def test_lifespan_that_fails() -> None:
    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(StartupError, match="no database"):
        async with lifespan(app):
            pytest.fail("it must not run")


async def test_an_application_without_lifespan_runs() -> None:
    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        assert scope["type"] == "http"

    async with lifespan(app) as state:
        assert state == {}
