"""Clients that are slow, silent, half gone or gone, and how long the server waits for them."""

import asyncio
import gc
import weakref
from typing import Any

import pytest

from kernel.http_server.connection import Connection
from tests.server.apps import Handlers, parts, sized, stream
from tests.server.client import Client, parse
from tests.server.conftest import Serve

GET = b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"
WAIT = b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"
LONG: dict[str, Any] = {  # nothing of this is waited for, except what a test shortens
    "head_seconds": 100.0,
    "idle_seconds": 100.0,
    "write_seconds": 100.0,
    "half_closed_seconds": 100.0,
}


async def trickle(client: Client, data: bytes) -> bytes:
    """Send for ever, byte by byte, until the server has had enough."""
    answer = asyncio.create_task(client.rest())
    while not answer.done():
        for byte in data:
            client.writer.write(bytes([byte]))
            await asyncio.sleep(0.02)
            if answer.done():
                break
    return answer.result()


async def test_a_head_that_trickles(serve: Serve) -> None:
    async with await (await serve(**LONG | {"head_seconds": 0.2})).connect() as client:
        assert (await client.ask(GET)).status == 200
        client.writer.write(b"GET /echo HTTP/1.1\r\nHost: a\r\n")
        assert [each.status for each in parse(await trickle(client, b"X: 1\r\n"))] == [408]


async def test_a_client_that_says_nothing(serve: Serve) -> None:
    async with await (await serve(**LONG | {"head_seconds": 0.1})).connect() as client:
        assert await client.rest() == b""


async def test_a_client_that_has_nothing_more_to_say(serve: Serve) -> None:
    async with await (await serve(**LONG | {"idle_seconds": 0.1})).connect() as client:
        assert (await client.ask(GET)).status == 200
        assert await client.rest() == b""


async def test_a_request_after_a_long_pause(serve: Serve) -> None:
    async with await (await serve(**LONG | {"head_seconds": 0.1})).connect() as client:
        for _ in range(3):
            assert (await client.ask(GET)).status == 200
            await asyncio.sleep(0.3)


@pytest.mark.parametrize("path", [b"/echo", b"/other"], ids=["direct", "asgi"])
@pytest.mark.parametrize("bytes_", [b"", b"x"], ids=["stops", "trickles"])
async def test_a_body_that_stops_or_trickles(serve: Serve, path: bytes, bytes_: bytes) -> None:
    running = await serve(sized, **LONG | {"body_grace_seconds": 0.2, "half_closed_seconds": 1.0})
    async with await running.connect() as client:
        client.writer.write(b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\nab" % path)
        answer = await (trickle(client, bytes_) if bytes_ else client.rest())
        assert [each.status for each in parse(answer)] == [408]


async def test_a_steady_body_may_take_its_time(serve: Serve) -> None:
    running = await serve(**LONG | {"body_grace_seconds": 0.1, "body_bytes_per_second": 100, "head_seconds": 0.2})
    async with await running.connect() as client:
        client.writer.write(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n")
        for _ in range(9):
            client.writer.write(b"x" * 100)
            await asyncio.sleep(0.1)
        assert (await client.reply()).status == 200


async def test_a_client_that_does_not_read_its_answer(serve: Serve) -> None:
    running = await serve(**LONG | {"write_seconds": 0.2})
    async with await running.connect(limit=2**14) as client:
        client.writer.write(b"GET /big?30000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        await running.wait_for_connections(1)
        await running.wait_for_connections(0)


async def test_a_slow_reader_gets_everything(serve: Serve) -> None:
    running = await serve(**LONG | {"write_seconds": 0.5})
    async with await running.connect(limit=2**14) as client:
        client.writer.write(b"GET /big?8000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        received = 0
        while part := await client.reader.read(2**17):
            received += len(part)
            await asyncio.sleep(0.02)
        assert received > 8_000_000


async def test_answers_that_nobody_reads_do_not_pile_up(serve: Serve, handlers: Handlers) -> None:
    """The next request of a connection waits until the client takes the answers before it."""
    running = await serve(**LONG | {"write_seconds": 0.5})
    async with await running.connect(limit=2**14) as client:
        client.writer.write(b"GET /big?9000000 HTTP/1.1\r\nHost: a\r\n\r\n" * 5 + WAIT)
        await running.wait_for_connections(1)
        await running.wait_for_connections(0)
    assert not handlers.started.is_set()


@pytest.mark.parametrize("way", ["reset", "close", "half-close"])
async def test_a_client_that_leaves_cancels_its_handler(serve: Serve, handlers: Handlers, way: str) -> None:
    running = await serve(**LONG | {"half_closed_seconds": 0.2})
    client = await running.connect()
    await client.send(WAIT)
    await handlers.started.wait()
    if way == "reset":
        client.reset()
    elif way == "close":
        client.writer.close()
    else:
        client.writer.write_eof()
    async with asyncio.timeout(10):
        await handlers.cancelled.wait()
    await running.wait_for_connections(0)
    client.writer.close()


async def test_a_half_closed_client_gets_its_answers(serve: Serve, handlers: Handlers) -> None:
    async with await (await serve(**LONG)).connect() as client:
        await client.send(WAIT + GET + b"GET /unfinished HT")
        await handlers.started.wait()
        client.writer.write_eof()
        await asyncio.sleep(0.1)
        handlers.release.set()
        assert [each.status for each in parse(await client.rest())] == [200, 200]


@pytest.mark.parametrize(
    "part", [b"GET /ec", GET[:-2], b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"]
)
async def test_a_client_that_leaves_within_a_request(serve: Serve, part: bytes) -> None:
    running = await serve(**LONG)
    async with await running.connect() as client:
        await client.send(part)
        client.writer.write_eof()
        assert await client.rest() == b""
    await running.wait_for_connections(0)


async def test_stopping_finishes_what_is_asked_and_ends_the_rest(serve: Serve, handlers: Handlers) -> None:
    running = await serve(**LONG)
    idle, fresh, busy, asking = [await running.connect() for _ in range(4)]
    assert (await idle.ask(GET)).status == 200
    await busy.send(WAIT)
    await asking.send(GET[:10])
    await handlers.started.wait()
    stopping = asyncio.create_task(running.server.stop(30))
    assert await idle.rest() == await fresh.rest() == b""
    with pytest.raises(ConnectionRefusedError):
        await running.connect()
    assert (await asking.ask(GET[10:])).headers["connection"] == "close"
    handlers.release.set()
    assert (await busy.reply()).headers["connection"] == "close"
    await stopping
    assert handlers.finished == 1
    for client in (idle, fresh, busy, asking):
        client.writer.close()


@pytest.mark.parametrize("request_bytes", [WAIT, b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"], ids=["direct", "asgi"])
async def test_stopping_cancels_what_does_not_finish(serve: Serve, handlers: Handlers, request_bytes: bytes) -> None:
    running = await serve(stream(handlers), **LONG)
    async with await running.connect() as client:
        await client.send(request_bytes)
        await handlers.started.wait()
        await running.server.stop(0.1)
        assert handlers.cancelled.is_set()
        assert running.server.connections == 0


async def test_stopping_ends_streams_of_events_at_once_and_nothing_else(serve: Serve, handlers: Handlers) -> None:
    """Also one that begins only now; whoever gets a file of parts gets all of it."""
    running = await serve(parts(handlers))
    events, file, late = [await running.connect() for _ in range(3)]
    await events.send(b"GET /text/event-stream HTTP/1.1\r\nHost: a\r\n\r\n")
    await events.reader.readuntil(b"first")
    await file.send(b"GET /text/csv HTTP/1.1\r\nHost: a\r\n\r\n")
    await file.reader.readuntil(b"first")
    await late.send(b"GET /text/event-str")
    await asyncio.sleep(0.05)
    stopping = asyncio.create_task(running.server.stop(30))
    assert await events.rest() == b"\r\n0\r\n\r\n"
    async with asyncio.timeout(10):
        await handlers.cancelled.wait()
        assert (await late.ask(b"eam HTTP/1.1\r\nHost: a\r\n\r\n")).body == b"first"
    assert not stopping.done()
    handlers.release.set()
    assert (await file.rest()).endswith(b"last\r\n0\r\n\r\n")
    async with asyncio.timeout(10):
        await stopping
    for client in (events, file, late):
        client.writer.close()


@pytest.fixture
def only_new_objects() -> None:
    """The collector neither looks at nor tells of what earlier tests have left: millions of objects, each time."""
    gc.collect()  # what is frozen as garbage would never warn of what it has left open
    gc.freeze()


@pytest.mark.usefixtures("only_new_objects")
async def test_ten_thousand_requests_leave_nothing_behind(serve: Serve) -> None:
    running = await serve(sized)
    asked = GET + GET.replace(b"/echo", b"/other")
    async with await running.connect() as client:
        sizes = []
        for number in range(10):
            for _ in range(500):
                client.writer.write(asked)
                assert [(await client.reply()).status for _ in range(2)] == [200, 200]
            gc.collect()
            sizes.append(len(gc.get_objects()))
            assert number < 5 or sizes[number] < sizes[3] + 100
        connection = weakref.ref(next(iter(running.server._connections)))
    await running.wait_for_connections(0)
    await asyncio.sleep(0.05)
    assert connection() is None, "a closed connection is freed without the cycle collector"


@pytest.mark.usefixtures("only_new_objects")
async def test_a_thousand_connections_leave_nothing_behind(serve: Serve) -> None:
    running = await serve(sized)
    for number in range(1000):
        client = await running.connect()
        client.writer.write(GET if number % 2 else GET[:20])
        if number % 3 == 0:
            client.reset()
        else:
            client.writer.close()
    await running.wait_for_connections(0)
    await asyncio.sleep(0.05)
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, Connection)]
