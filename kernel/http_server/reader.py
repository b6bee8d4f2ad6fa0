"""Bytes to requests, on httptools (llhttp), whose default strictness is kept: it refuses what smuggling needs.

Two of its habits are corrected here: it has no limits, and it takes what follows a head with an Upgrade field for
another protocol.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any

import httptools

from kernel.http_server.limits import Limits
from kernel.http_server.request import Direct, Headers, RefusedError, Request, check_sizes, judge


class RequestReader:
    """Reads the requests of one connection into ``queue``; only the last one may be incomplete."""

    def __init__(self, direct: Mapping[bytes, Direct], limits: Limits) -> None:
        self._direct = direct
        self._limits = limits
        self._parser: Any = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: Headers = []
        self._fed = 0  # bytes of an unfinished head, or of a chunked body with its framing
        self.queue: deque[Request] = deque()
        self.reading: Request | None = None  # its head is complete, its body is not

    def feed(self, piece: bytes) -> None:
        """Parse the next bytes. Raises RefusedError, after which nothing more can be parsed."""
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(piece[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, RefusedError):
                raise error.__context__ from None
            if self.queue and self.queue[-1].complete and not self.queue[-1].keep_alive:
                return  # what follows the last request is not for us
            raise RefusedError(400, f"this is not HTTP/1.1: {error}") from error
        if self.reading is None:
            if self._target:
                self._fed += len(piece)
                self._check_head()
        elif self.reading.chunked:
            self._fed += len(piece)
            if self._fed > self._limits.head_bytes + 8 * self.reading.received:
                raise RefusedError(400, "the chunks are too small for their number, or the trailers too long")

    @property
    def is_in_head(self) -> bool:
        """Whether a request has begun whose head is not complete."""
        return bool(self._target)

    @property
    def received(self) -> int:
        """How much of the body that is being read is here."""
        return self.reading.received if self.reading is not None else 0

    def replace(self, error: RefusedError) -> None:
        """Queue the refusal in place of what is being read."""
        if self.queue and not self.queue[-1].complete:
            self.queue.pop()
        self.reading = None
        self.queue.append(Request.refused(error))

    def forget(self) -> None:
        """Let go of everything, the parser too, which refers back to us."""
        self._parser = self.reading = None
        self.queue.clear()

    def _check_head(self) -> None:
        """Judge the size of a head that did not come as one piece, complete or not."""
        check_sizes(self._target, self._headers, self._limits)
        size = sum(len(name) + len(value) + 4 for name, value in self._headers)
        if max(size, self._fed) > self._limits.head_bytes:
            raise RefusedError(431, f"the header fields are longer than {self._limits.head_bytes} bytes")

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Read on as if there were no Upgrade field, as a server may (RFC 9110 §7.8)."""
        method, target, headers = self._parser.get_method(), self._target, self._headers
        if method == b"CONNECT":
            raise RefusedError(501, "this is no proxy")
        self._parser = httptools.HttpRequestParser(self)
        self._target, self._headers = b"", []
        lines = b"".join(b"%b: %b\r\n" % pair for pair in headers if pair[0].lower() != b"upgrade")
        self.feed(b"%b %b HTTP/1.1\r\n%b\r\n%b" % (method, target, lines, rest))

    # --- called by httptools

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        parser = self._parser
        if parser.should_upgrade():
            return
        if self._fed:
            self._check_head()
            self._fed = 0
        headers = [(name.lower(), value.rstrip()) for name, value in self._headers]
        request = Request(parser.get_method().decode(), headers)
        request.keep_alive = keep_alive = parser.should_keep_alive()
        if not keep_alive or b"connection" in request.fields:  # else it is 1.1, which alone keeps alive by itself
            request.version = parser.get_http_version()
        target, self._target, self._headers = self._target, b"", []
        judge(request, target, self._limits)
        request.direct = direct = self._direct.get(request.path)
        if direct is not None and request.length > direct.body_bytes:
            raise direct.too_long()
        self.reading = request
        self.queue.append(request)

    def on_body(self, part: bytes) -> None:
        request = self.reading
        assert request is not None  # noqa: S101 - a body follows a head
        request.parts.append(part)
        request.received += len(part)
        if request.direct is not None:
            if request.received > request.direct.body_bytes:
                raise request.direct.too_long()
        elif request.on_arrival is not None:
            request.on_arrival()

    def on_message_complete(self) -> None:
        request = self.reading
        if request is None:  # the one with an Upgrade field
            return
        request.complete = True
        self.reading = None
        self._fed = 0
        if self._headers:
            self._headers = []  # trailers are dropped
        if request.on_arrival is not None:
            request.on_arrival()
