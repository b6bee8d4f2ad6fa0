"""However the network cuts an answer into pieces, it is the same answer."""

import asyncio
import gzip
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.upstream.connection import Connection
from gateway.upstream.errors import UpstreamBadAnswerError
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.transport import Limits
from supergraph.wire import Response

STREAMS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX-A:\r\nX-B: b \r\n\r\n0123456789",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: a\r\n\r\n"
    b"3\r\n012\r\n7;x=y\r\n3456789\r\n0\r\nX-T: t\r\n\r\n",
    "interim": b"HTTP/1.1 100 Continue\r\nx-i: 1\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 10\r\n\r\n0123456789",
    "gzip": b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n%b"
    % (len(packed := gzip.compress(b"0123456789", mtime=0)), packed),
    "no content": b"HTTP/1.1 204 No Content\r\nx-a: a\r\n\r\n",
    "until the end": b"HTTP/1.1 200 OK\r\nx-a: a\r\n\r\n0123456789",
}


class Shelf:
    """The pool of one connection: remembers whether it came back."""

    service = "parking"
    settings = UpstreamSettings(url="http://parking.gov.cn")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.released = False

    def release(self, connection: Connection) -> None:  # noqa: ARG002 - as a connection calls it
        self.released = True

    def forget(self, connection: Connection) -> None: ...

    def watch(self, connection: Connection, expires: float) -> None: ...


class Sink(asyncio.Transport):
    """Takes what is written."""

    def is_closing(self) -> bool:
        return False

    def write(self, data: Any) -> None: ...

    def abort(self) -> None: ...


def parse(pieces: list[bytes], *, ends: bool) -> tuple[Response, bool]:
    loop = asyncio.new_event_loop()
    try:
        shelf = Shelf(loop)
        connection = Connection(shelf)
        connection.connection_made(Sink())
        waiter = connection.start(b"", b"", Limits(float("inf"), 1.0), head_only=False)
        for piece in pieces:
            connection.data_received(piece)
        if ends:
            connection.eof_received()
        return waiter.result(), shelf.released
    finally:
        loop.close()


@pytest.mark.case("issue-2.6")
@pytest.mark.parametrize("name", STREAMS)
@given(data=st.data())
@settings(max_examples=150)
def test_every_split_gives_the_same_answer(name: str, data: st.DataObject) -> None:
    stream = STREAMS[name]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1), max_size=12)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    ends = name == "until the end"
    whole, reusable = parse([stream], ends=ends)
    assert whole.body == (b"" if whole.status == 204 else b"0123456789")
    assert reusable != ends
    assert parse(pieces, ends=ends) == (whole, reusable)


@given(st.lists(st.binary(max_size=40), max_size=6), st.sampled_from(sorted(STREAMS)), st.data())
def test_garbage_never_breaks_the_connection_object(noise: list[bytes], name: str, data: st.DataObject) -> None:
    stream = STREAMS[name]
    cut = data.draw(st.integers(0, len(stream)))
    loop = asyncio.new_event_loop()
    try:
        connection = Connection(Shelf(loop))
        connection.connection_made(Sink())
        waiter = connection.start(b"", b"", Limits(float("inf"), 1.0), head_only=False)
        for piece in (stream[:cut], *noise, stream[cut:]):
            connection.data_received(piece)
        connection.eof_received()
        connection.connection_lost(None)
        assert waiter.done()
        waiter.exception()
    finally:
        loop.close()


@pytest.mark.parametrize("length", ["", "+1", "-1", "1 1", "0x1", "1,1", "1_0", "\xb2"])
def test_a_length_is_digits(length: str) -> None:
    with pytest.raises(UpstreamBadAnswerError):
        parse([f"HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n1".encode("latin-1")], ends=False)
