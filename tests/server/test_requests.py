"""Requests that are answered: every way of sending them, one after the other and all at once."""

import asyncio
import json

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.http_server.listening import listen
from kernel.http_server.server import Server
from tests.server.apps import Handlers, nothing, sized
from tests.server.client import Client, parse
from tests.server.conftest import Serve

POST = b"POST /echo?a=1 HTTP/1.1\r\nHost: city\r\nContent-Length: 5\r\n\r\nhello"
GET = b"GET /echo HTTP/1.1\r\nHost: city\r\n\r\n"
CHUNKED = (
    b"POST /echo HTTP/1.1\r\nHost: city\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;x=1\r\nhel\r\n2\r\nlo\r\n0\r\nx-sum: 1\r\n\r\n"
)


async def test_a_direct_answer_is_whole_and_the_connection_stays(serve: Serve) -> None:
    async with await (await serve()).connect() as client:
        for _ in range(3):
            reply = await client.ask(POST)
            assert reply.status == 200
            said = json.loads(reply.body)
            assert (said["method"], said["query"], said["body"]) == ("POST", "a=1", "hello")
            assert set(reply.headers) == {"content-type", "x-own", "content-length", "date"}


@pytest.mark.parametrize("request_bytes", [POST, CHUNKED], ids=["length", "chunked"])
async def test_byte_by_byte(serve: Serve, request_bytes: bytes) -> None:
    async with await (await serve()).connect() as client:
        for _ in range(2):
            reply = await client.ask(*(bytes([byte]) for byte in request_bytes))
            assert json.loads(reply.body)["body"] == "hello"


async def test_field_names_are_lower_case_and_values_trimmed(serve: Serve) -> None:
    fields = b"X-Empty:\r\nX-Odd:\t a b \t\r\nX-High: \xe4\r\n"
    async with await (await serve()).connect() as client:
        reply = await client.ask(GET[:-2] + fields + b"\r\n")
    assert json.loads(reply.body)["headers"] == {"host": "city", "x-empty": "", "x-odd": "a b", "x-high": "\xe4"}


async def test_repeated_fields_are_joined(serve: Serve) -> None:
    fields = b"Accept: a\r\nCookie: a=1\r\nAccept: b\r\nCookie: b=2\r\n"
    async with await (await serve()).connect() as client:
        reply = await client.ask(GET[:-2] + fields + b"\r\n")
    assert json.loads(reply.body)["headers"] == {"host": "city", "accept": "a, b", "cookie": "a=1; b=2"}


async def test_trailers_are_dropped(serve: Serve) -> None:
    async with await (await serve()).connect() as client:
        assert "x-sum" not in json.loads((await client.ask(CHUNKED)).body)["headers"]
        assert "x-sum" not in json.loads((await client.ask(GET)).body)["headers"]


async def test_absolute_form_names_the_host(serve: Serve) -> None:
    async with await (await serve()).connect() as client:
        reply = await client.ask(b"GET http://other:80/echo?b HTTP/1.1\r\nHost: city\r\n\r\n")
        said = json.loads(reply.body)
        assert (said["query"], said["headers"]) == ("b", {"host": "other:80"})


async def test_head_has_the_length_and_no_body(serve: Serve) -> None:
    async with await (await serve()).connect() as client:
        reply = await client.ask(b"HEAD /big?5 HTTP/1.1\r\nHost: a\r\n\r\n", to_head=True)
        assert reply.headers["content-length"] == "5"
        assert (await client.ask(GET)).status == 200


@pytest.mark.parametrize("status", [204, 304])
async def test_bodiless_statuses(serve: Serve, status: int) -> None:
    async with await (await serve()).connect() as client:
        reply = await client.ask(b"GET /empty?%d HTTP/1.1\r\nHost: a\r\n\r\n" % status)
        assert reply.status == status
        assert "content-length" not in reply.headers
        assert (await client.ask(GET)).status == 200


async def test_http_1_0(serve: Serve) -> None:
    running = await serve()
    async with await running.connect() as client:
        reply = await client.ask(b"GET /echo HTTP/1.0\r\n\r\n")
        assert reply.headers["connection"] == "close"
        assert await client.rest() == b""
    async with await running.connect() as client:
        for _ in range(2):
            reply = await client.ask(b"GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert reply.headers["connection"] == "keep-alive"


async def test_connection_close_is_kept(serve: Serve) -> None:
    async with await (await serve()).connect() as client:
        reply = await client.ask(b"GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET)
        assert reply.headers["connection"] == "close"
        assert await client.rest() == b""


@pytest.mark.parametrize("path", [b"/echo", b"/other"])
async def test_expect_continue(serve: Serve, path: bytes) -> None:
    async with await (await serve(app=sized)).connect() as client:
        await client.send(b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n" % path)
        assert await client.reader.readexactly(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert (await client.ask(b"hello")).status == 200
        assert (await client.ask(GET)).status == 200


async def test_expect_continue_waits_for_its_turn(serve: Serve, handlers: Handlers) -> None:
    async with await (await serve()).connect() as client:
        expecting = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        await client.send(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n" + expecting)
        await handlers.started.wait()
        handlers.release.set()
        assert (await client.reply()).body == b"waited "
        assert await client.reader.readexactly(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert json.loads((await client.ask(b"hello")).body)["body"] == "hello"


async def test_a_too_long_body_is_refused_before_it_is_asked_for(serve: Serve) -> None:
    async with await (await serve()).connect() as client:
        await client.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
        assert (await client.rest()).startswith(b"HTTP/1.1 413 ")


async def test_pipelined_requests_are_answered_one_by_one_in_order(serve: Serve, handlers: Handlers) -> None:
    async with await (await serve()).connect() as client:
        waits = [b"GET /wait?%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(3)]
        await client.send(b"".join(waits) + GET)
        await handlers.started.wait()
        handlers.started.clear()
        await asyncio.sleep(0.05)
        assert not handlers.started.is_set()  # the second does not begin before the first is answered
        handlers.release.set()
        assert [(await client.reply()).body for _ in waits] == [b"waited 0", b"waited 1", b"waited 2"]
        assert (await client.reply()).headers["x-own"] == "1"


async def test_very_many_pipelined_requests(serve: Serve) -> None:
    async with await (await serve()).connect() as client:
        numbers = range(20_000)  # 900 kB, many reads
        sending = asyncio.create_task(
            client.send(b"".join(b"GET /big?%d HTTP/1.1\r\nHost: a\r\n\r\n" % (n % 50) for n in numbers))
        )
        for number in numbers:
            assert len((await client.reply()).body) == number % 50
        await sending


async def test_an_upgrade_is_ignored_and_the_body_stays_a_body(serve: Serve) -> None:
    upgrade = b"Connection: Upgrade, keep-alive\r\nUpgrade: h2c\r\n"
    async with await (await serve()).connect() as client:
        reply = await client.ask(POST.replace(b"Host", upgrade + b"Host") + GET)
        assert json.loads(reply.body)["body"] == "hello"
        assert json.loads((await client.reply()).body)["method"] == "GET"
        handshake = b"Sec-WebSocket-Key: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        assert (await client.ask(*(bytes([b]) for b in GET[:-2] + handshake))).status == 200


async def test_requests_do_not_see_each_others_context(serve: Serve) -> None:
    running = await serve()

    async def ask(number: int) -> None:
        async with await running.connect() as client:
            for turn in range(10):
                asked = b"%d-%d" % (number, turn)
                assert (await client.ask(b"GET /name?%b HTTP/1.1\r\nHost: a\r\n\r\n" % asked)).body == b">" + asked

    await asyncio.gather(*map(ask, range(10)))


async def test_a_failing_handler_is_a_500_that_tells_nothing(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async with await (await serve()).connect() as client:
        reply = await client.ask(b"GET /fail HTTP/1.1\r\nHost: a\r\n\r\n")
        assert reply.status == 500
        assert b"secret" not in reply.body
        assert "a secret detail" in caplog.text
        assert (await client.ask(GET)).status == 200


@pytest.mark.parametrize("request_bytes", [b"GET /inject?crlf", b"POST /inject"])
@pytest.mark.parametrize("body", [b"\n", b"\r", b"\0"])
async def test_headers_cannot_be_injected(serve: Serve, request_bytes: bytes, body: bytes) -> None:
    async with await (await serve()).connect() as client:
        reply = await client.ask(request_bytes + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n" + body)
        assert reply.status == 500
        assert "set-cookie" not in reply.headers
        assert "x-name" not in reply.headers


REQUESTS = [b"\r\n" + POST, CHUNKED, GET, POST.replace(b"/echo?a=1", b"/echo?slow"), POST, CHUNKED, GET]
STREAM = b"".join(REQUESTS)


@settings(max_examples=100)
@given(cuts=st.lists(st.integers(1, len(STREAM) - 1), max_size=12, unique=True).map(sorted))
def test_any_chunking_gives_the_same_answers(cuts: list[int]) -> None:
    pieces = [STREAM[start:end] for start, end in zip([0, *cuts], [*cuts, len(STREAM)], strict=True)]
    answers = parse(uvloop.run(_send_in_pieces(pieces)))
    assert all(answer.is_complete for answer in answers)
    said = [json.loads(answer.body) for answer in answers]
    assert [each["body"] for each in said] == ["hello", "hello", "", "hello", "hello", "hello", ""]
    assert [each["query"] for each in said] == ["a=1", "", "", "slow", "a=1", "", ""]


async def _send_in_pieces(pieces: list[bytes]) -> bytes:
    """Send the pieces and end our side: what was asked is answered to the end."""
    listening = listen("127.0.0.1", 0)
    server = Server(nothing, Handlers().paths())
    await server.open(listening)
    async with await Client.connect(listening.getsockname()[1]) as client:
        for piece in pieces:
            await client.send(piece)
            await asyncio.sleep(0)
        client.writer.write_eof()
        answers = await client.rest()
    await server.stop(0)
    return answers
