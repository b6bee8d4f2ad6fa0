"""One keep-alive HTTP/1.1 connection on httptools (llhttp): one exchange at a time, one future per exchange.

Strict where leniency lets answers be mixed up: llhttp's defaults refuse Content-Length with Transfer-Encoding and the
like (RFC 9112 §6.3), unasked bytes end the connection, and one that was not used up to its last byte is never reused.
"""

import asyncio
import zlib
from typing import Any, Protocol

import httptools

from gateway.upstream.content import TooMuchContentError, UnknownCodingError, decode
from gateway.upstream.errors import (
    UpstreamBadAnswerError,
    UpstreamError,
    UpstreamResetError,
    UpstreamTimeoutError,
    UpstreamTooLargeError,
)
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.transport import Limits
from supergraph.wire import Response

_HEAD_LIMIT = 64 * 1024  # bytes; the largest that common servers can be set to send is 32 to 64 KiB


class Pool(Protocol):
    """What a connection asks of the pool that owns it."""

    service: str
    settings: UpstreamSettings
    loop: asyncio.AbstractEventLoop

    def release(self, connection: "Connection") -> None: ...
    def forget(self, connection: "Connection") -> None: ...
    def watch(self, connection: "Connection", expires: float) -> None: ...


class Connection(asyncio.Protocol):
    """A socket of one pool. ``expires`` is the loop time at which the pool's timer must call ``expire``."""

    __slots__ = (
        "_body",
        "_coding",
        "_complete",
        "_head_only",
        "_headers",
        "_in_body",
        "_length",
        "_limits",
        "_max_body",
        "_parser",
        "_paused",
        "_pool",
        "_received",
        "_reusable",
        "_service",
        "_status",
        "_surplus",
        "_transport",
        "born",
        "expires",
        "waiter",
    )

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._service = pool.service
        self._max_body = pool.settings.max_body_bytes
        self._parser: Any = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._paused = False
        self.waiter: asyncio.Future[Response] | None = None
        self.born = pool.loop.time()
        self.expires = float("inf")
        self._limits = Limits(float("inf"), float("inf"))
        self._begin(head_only=False)

    def _begin(self, *, head_only: bool) -> None:
        self._head_only = head_only
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._coding = b""
        self._length = 0
        self._status = 0
        self._received = 0
        self._in_body = False  # the final head is complete
        self._complete = False  # the whole answer is here
        self._reusable = False
        self._surplus = False  # bytes came after the answer

    # --- the pool's side

    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def start(self, head: bytes, body: bytes, limits: Limits, *, head_only: bool) -> asyncio.Future[Response]:
        """Send a request and return the future of its answer. ``expires`` has been set by the pool."""
        self._begin(head_only=head_only)
        self._limits = limits
        self.waiter = waiter = self._pool.loop.create_future()
        assert self._transport is not None  # noqa: S101 - the pool asked ``is_open``
        if body:
            self._transport.writelines((head, body))
        else:
            self._transport.write(head)
        return waiter

    def abandon(self, waiter: asyncio.Future[Response]) -> None:
        """Abort the exchange of a cancelled caller, unless it is over and the connection serves somebody else."""
        if self.waiter is waiter:
            self.waiter = None
            self.abort()

    def abort(self) -> None:
        self._pool.forget(self)
        if self._transport is not None:
            self._transport.abort()

    def fail(self, error: UpstreamError) -> None:
        waiter, self.waiter = self.waiter, None
        self.abort()
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)

    def expire(self) -> None:
        if self.waiter is None:
            self.abort()
        elif self._received:
            self.fail(UpstreamTimeoutError(self._service, "the answer did not end in time"))
        elif self._paused:
            self.fail(UpstreamTimeoutError(self._service, "the request was not taken in time"))
        else:
            self.fail(UpstreamTimeoutError(self._service, "no answer came in time"))

    # --- the event loop's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream protocol gets a stream transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._pool.forget(self)
        self._transport = None
        self._parser = None  # breaks the cycle of parser and protocol
        if self.waiter is not None:
            what = "the connection was lost before the whole answer came"
            self.fail(UpstreamResetError(self._service, what, unanswered=not self._received))

    def eof_received(self) -> None:
        self._reusable = False
        if self.waiter is None:
            self._pool.forget(self)
        elif self._in_body and not self._framed():
            self._finish()

    def pause_writing(self) -> None:
        self._paused = True
        now = self._pool.loop.time()
        self._pool.watch(self, min(self._limits.deadline, now + self._pool.settings.write_seconds))

    def resume_writing(self) -> None:
        self._paused = False
        if not self._received:
            now = self._pool.loop.time()
            self._pool.watch(self, min(self._limits.deadline, now + self._limits.first_byte_seconds))

    def data_received(self, data: bytes) -> None:
        if self.waiter is None:
            self.abort()
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not self._complete:
                self.fail(UpstreamBadAnswerError(self._service, "the answer is not valid HTTP/1.1"))
                return
            self._surplus = True
        if self._complete:
            self._finish()
        elif (error := self._excess()) is not None:
            self.fail(error)
        else:
            self.expires = self._limits.deadline

    # --- the parser's side

    def on_message_begin(self) -> None:
        if self._complete:
            self._surplus = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:  # trailers are dropped
            name = name.lower()
            self._headers.append((name, value.rstrip()))
            if name == b"content-encoding":
                self._coding = value
            elif name == b"content-length":
                self._length = int(value)  # the parser lets nothing but digits pass

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self._complete or status < 200:
            return
        self._status = status
        self._in_body = True
        self._reusable = self._parser.should_keep_alive()
        self._complete = self._head_only

    def on_body(self, part: bytes) -> None:
        if self._complete:
            self._surplus = True
        else:
            self._body.append(part)

    def on_message_complete(self) -> None:
        if self._in_body:
            self._complete = True
        else:  # an interim answer (RFC 9110 §15.2)
            self._headers = []
            self._coding = b""

    # --- own steps

    def _framed(self) -> bool:
        """Whether the head promised more than "until the connection closes"."""
        return any(name in {b"content-length", b"transfer-encoding"} for name, _ in self._headers)

    def _excess(self) -> UpstreamError | None:
        """Judge an answer that is still coming, by the bytes on the wire and by its announced length."""
        if not self._in_body:
            if self._received > _HEAD_LIMIT:
                return UpstreamBadAnswerError(self._service, "the head of the answer is too long")
            return None
        if self._received > self._max_body + _HEAD_LIMIT or self._length > self._max_body:
            return self._too_large()
        return None

    def _finish(self) -> None:
        waiter, self.waiter = self.waiter, None
        if self._reusable and not self._surplus and not self._paused:
            if self._head_only:
                self._parser = httptools.HttpResponseParser(self)  # the old one waits for the body of the answer
            self._pool.release(self)
        else:
            self.abort()
        assert waiter is not None  # noqa: S101 - only exchanges finish
        if waiter.done():
            return
        try:
            waiter.set_result(self._response())
        except UpstreamError as error:
            waiter.set_exception(error)

    def _response(self) -> Response:
        parts = self._body
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        if len(body) > self._max_body:
            raise self._too_large()
        if not self._coding:
            return Response(self._status, self._headers, body)
        try:
            body = decode(self._coding, body, self._max_body)
        except TooMuchContentError as error:
            raise self._too_large() from error
        except (UnknownCodingError, zlib.error) as error:
            raise UpstreamBadAnswerError(self._service, "the answer's content coding cannot be undone") from error
        kept = [pair for pair in self._headers if pair[0] not in {b"content-encoding", b"content-length"}]
        return Response(self._status, kept, body)

    def _too_large(self) -> UpstreamTooLargeError:
        return UpstreamTooLargeError(self._service, f"the answer is larger than {self._max_body:,} bytes")
