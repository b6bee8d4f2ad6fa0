"""Requests that are refused: malformed, ambiguous (smuggling) or too large. Each ends its connection."""

import asyncio

import pytest

from tests.server.apps import sized
from tests.server.client import parse
from tests.server.conftest import Serve

GET = b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"


def post(*lines: bytes, path: bytes = b"/echo", body: bytes = b"3\r\nabc\r\n0\r\n\r\n") -> bytes:
    return b"\r\n".join((b"POST " + path + b" HTTP/1.1", b"Host: a", *lines, b"", body))


CHUNKED = b"Transfer-Encoding: chunked"

REFUSED: dict[str, tuple[bytes, int]] = {
    # RFC 9112 §6.1 and §6.3: two readings of where the body ends
    "length and chunked": (post(b"Content-Length: 3", CHUNKED), 400),
    "chunked and length": (post(CHUNKED, b"Content-Length: 3"), 400),
    "two lengths": (post(b"Content-Length: 3", b"Content-Length: 4"), 400),
    "the same length twice": (post(b"Content-Length: 3", b"Content-Length: 3"), 400),
    "a list of lengths": (post(b"Content-Length: 3, 3"), 400),
    "a signed length": (post(b"Content-Length: +3"), 400),
    "a negative length": (post(b"Content-Length: -3"), 400),
    "a hexadecimal length": (post(b"Content-Length: 0x3"), 400),
    "an empty length": (post(b"Content-Length:"), 400),
    "a length of 2^64": (post(b"Content-Length: 18446744073709551616"), 400),
    "chunked, then another coding": (post(b"Transfer-Encoding: chunked, gzip"), 400),
    "chunked twice": (post(b"Transfer-Encoding: chunked, chunked"), 400),
    "chunked in two fields": (post(CHUNKED, b"Transfer-Encoding: identity"), 400),
    "chunked behind a control character": (post(b"Transfer-Encoding: \x0bchunked"), 400),
    "chunked behind a space before the colon": (post(b"Transfer-Encoding : chunked"), 400),
    "chunked on a continued line": (post(b"Transfer-Encoding:\r\n chunked"), 400),
    "another coding before chunked": (post(b"Transfer-Encoding: gzip, chunked"), 501),
    "another coding": (post(b"Transfer-Encoding: gzip"), 501),
    "chunked in HTTP/1.0": (b"POST /echo HTTP/1.0\r\n" + CHUNKED + b"\r\n\r\n0\r\n\r\n", 400),
    "a chunk longer than its size": (post(CHUNKED, body=b"3\r\nabcd\r\n0\r\n\r\n"), 400),
    "a chunk size with a sign": (post(CHUNKED, body=b"-3\r\nabc\r\n0\r\n\r\n"), 400),
    "a chunk size with a space": (post(CHUNKED, body=b"3 \r\nabc\r\n0\r\n\r\n"), 400),
    "a chunk size beyond 2^64": (post(CHUNKED, body=b"FFFFFFFFFFFFFFFFF\r\nabc"), 400),
    "chunks ended by a bare line feed": (post(CHUNKED, body=b"3\nabc\n0\n\n"), 400),
    "a line feed in a chunk extension": (post(CHUNKED, body=b'3;a="\n"\r\nabc\r\n0\r\n\r\n'), 400),
    # RFC 9112 §2 to §5
    "bare line feeds": (GET.replace(b"\r\n", b"\n"), 400),
    "a bare carriage return": (GET[:-2] + b"X: a\rb\r\n\r\n", 400),
    "a null": (GET[:-2] + b"X: a\0b\r\n\r\n", 400),
    "a continued line": (GET[:-2] + b"X: a\r\n b\r\n\r\n", 400),
    "a space in a field name": (GET[:-2] + b"X y: a\r\n\r\n", 400),
    "an empty field name": (GET[:-2] + b": a\r\n\r\n", 400),
    "a space before the first field": (b"GET /echo HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    "a space in the target": (b"GET /ec ho HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a target that is not encoded": ("GET /停车 HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 400),
    "a relative target": (b"GET echo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "an asterisk that is not for OPTIONS": (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a target of another scheme": (b"GET ftp://a/echo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a target without a host": (b"GET http:///echo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "an unknown method": (b"BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a method in lower case": (b"get /echo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40), 400),
    "no version": (b"GET /echo\r\n\r\n", 505),
    "HTTP/2.0": (b"GET /echo HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    "HTTP/2.0 that keeps alive": (b"GET /echo HTTP/2.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", 505),
    "HTTP/1.2": (b"GET /echo HTTP/1.2\r\nHost: a\r\n\r\n", 400),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "CONNECT": (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    "no host": (b"GET /echo HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET /echo HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    "a host that is none": (b"GET /echo HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    # sizes
    "a long target": (b"GET /echo?" + b"a" * 16_384 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "many fields": (GET[:-2] + b"X: 1\r\n" * 100 + b"\r\n", 431),
    "a long field": (GET[:-2] + b"X: " + b"a" * 33_000 + b"\r\n\r\n", 431),
    "long fields": (GET[:-2] + (b"X: " + b"a" * 1000 + b"\r\n") * 33 + b"\r\n", 431),
    "a long field name": (GET[:-2] + b"X" * 33_000 + b": 1\r\n\r\n", 431),
    "an announced body above the limit": (post(b"Content-Length: 1001", body=b""), 413),
    "a chunked body above the limit": (post(CHUNKED, body=b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n"), 413),
    "chunk extensions without end": (post(CHUNKED, body=b"1;" + b"x" * 50_000), 400),
    "trailers without end": (post(CHUNKED, body=b"0\r\nX: " + b"x" * 50_000), 400),
}


CASES = [pytest.param(b"/echo", name, id=f"direct-{name}") for name in REFUSED]
CASES += [  # an application has its own limit of the body
    pytest.param(b"/other", name, id=f"asgi-{name}") for name, (_, status) in REFUSED.items() if status != 413
]


@pytest.mark.parametrize(("path", "name"), CASES)
async def test_is_refused_and_the_connection_ended(serve: Serve, name: str, path: bytes) -> None:
    data, status = REFUSED[name]
    running = await serve(app=sized)
    async with await running.connect() as client:
        await client.send(GET + data.replace(b"/echo", path, 1) + GET)
        answers = parse(await client.rest())
    assert [answer.status for answer in answers] == [200, status]
    assert answers[1].headers["connection"] == "close"
    assert answers[1].body.endswith(b"\n")


@pytest.mark.parametrize("name", ["length and chunked", "a long field", "a chunked body above the limit", "TLS"])
async def test_is_refused_byte_by_byte_too(serve: Serve, name: str) -> None:
    data, status = REFUSED[name]
    async with await (await serve()).connect() as client:
        for start in range(0, len(data), 499 if len(data) > 2000 else 1):
            client.writer.write(data[start : start + (499 if len(data) > 2000 else 1)])
            await asyncio.sleep(0)
        answers = parse(await client.rest())
    assert [answer.status for answer in answers] == [status]


async def test_sizes_just_within_the_limits_are_answered(serve: Serve) -> None:
    async with await (await serve()).connect() as client:
        for data in (
            b"GET /echo?" + b"a" * (16_384 - 6) + b" HTTP/1.1\r\nHost: a\r\n\r\n",
            GET[:-2] + b"X: 1\r\n" * 99 + b"\r\n",
            GET[:-2] + b"X: " + b"a" * 32_000 + b"\r\n\r\n",
            post(b"Content-Length: 1000", body=b"x" * 1000),
            post(CHUNKED, body=b"1;ab\r\nx\r\n" * 1000 + b"0\r\nX: 1\r\n\r\n"),
        ):
            assert (await client.ask(data)).status == 200


async def test_a_refusal_reaches_a_client_that_is_still_sending(serve: Serve) -> None:
    """Closing with unread bytes would reset the connection and could destroy the answer (RFC 9112 §9.6)."""
    async with await (await serve()).connect() as client:
        client.writer.write(post(b"Content-Length: 9000000", body=b"x" * 3_000_000))
        await asyncio.sleep(0.05)
        client.writer.write(b"x" * 3_000_000)
        assert [answer.status for answer in parse(await client.rest())] == [413]


async def test_what_follows_the_last_request_is_not_read(serve: Serve) -> None:
    async with await (await serve()).connect() as client:
        await client.send(GET[:-2] + b"Connection: close\r\n\r\n" + b"\0rubbish" + GET)
        assert [answer.status for answer in parse(await client.rest())] == [200]


async def test_more_connections_than_allowed(serve: Serve) -> None:
    running = await serve(connections=2)
    clients = [await running.connect() for _ in range(2)]
    for client in clients:
        assert (await client.ask(GET)).status == 200
    async with await running.connect() as third:
        answers = parse(await third.rest())
        assert [answer.status for answer in answers] == [503]
        assert answers[0].headers["retry-after"] == "1"
    clients[0].writer.close()
    await running.wait_for_connections(1)
    async with await running.connect() as fourth:
        assert (await fourth.ask(GET)).status == 200
    clients[1].writer.close()
