import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.errors import HostUnavailableError, OutcomeUnknownError
from adapters.http import HostHttp, open_http

Talk = Callable[[bytes, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@asynccontextmanager
async def host(talk: Talk, seconds: float = 5.0) -> AsyncIterator[HostHttp]:
    """A host that reads a request's head and then does ``talk``."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await talk(head, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, open_http(f"http://127.0.0.1:{port}/", "WeChat", seconds) as http:
        yield http


def saying(answer: bytes) -> Talk:
    async def talk(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return talk


async def test_what_is_sent_is_what_was_signed() -> None:
    heads: list[bytes] = []

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        await saying(b"HTTP/1.1 200 OK\r\nX-Serial: 7\r\ncontent-length: 2\r\n\r\nok")(head, writer)

    async with host(talk) as http:
        reply = await http.send("GET", "/find?plate=%E7%B2%A4B8&x=a%2fb+c")
    assert heads[0].startswith(b"GET /find?plate=%E7%B2%A4B8&x=a%2fb+c HTTP/1.1\r\n")
    assert (reply.status, reply.headers["x-serial"], reply.body) == (200, "7", b"ok")


async def test_redirects_are_answers() -> None:
    async with host(saying(b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n")) as http:
        assert (await http.send("POST", "/pay", b"{}")).status == 302


async def test_without_a_connection_surely_nothing_happened() -> None:
    async with open_http("http://127.0.0.1:1", "WeChat") as http:
        with pytest.raises(HostUnavailableError, match="WeChat cannot be reached"):
            await http.send("POST", "/pay?secret=hush", b"{}")


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", b"no HTTP at all\r\n\r\n"]
)
async def test_once_sent_a_broken_answer_leaves_the_outcome_unknown(answer: bytes) -> None:
    async with host(saying(answer)) as http:
        with pytest.raises(OutcomeUnknownError) as raised:
            await http.send("POST", "/pay?secret=hush", b"{}")
    assert "hush" not in f"{raised.value.message} {raised.value.fix}"


async def test_so_does_one_that_comes_too_late() -> None:
    released = asyncio.Event()

    async def talk(_head: bytes, _writer: asyncio.StreamWriter) -> None:
        await released.wait()

    async with host(talk, seconds=0.1) as http:
        with pytest.raises(OutcomeUnknownError):
            await http.send("GET", "/slow")
        released.set()


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    async with host(saying(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(5 * 2**20))) as http:
        with pytest.raises(OutcomeUnknownError, match="more than 4194304 bytes"):
            await http.send("GET", "/large")
