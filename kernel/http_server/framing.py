"""How the body of an answer is delimited: by length, in chunks or by the connection's end (RFC 9112 §6)."""

from kernel.http_server.request import Headers, Request
from kernel.http_server.response import BODILESS, head, persistence

_OURS = frozenset({b"connection", b"content-length", b"keep-alive", b"transfer-encoding"})


class FramingError(ValueError):
    """The body is longer or shorter than its Content-Length."""


class Framing:
    """The framing of one answer; ``head`` is its head as bytes, ``keep`` whether the connection outlives it.

    ``is_stream``: it is Server-Sent Events (HTML §9.2).
    """

    __slots__ = ("_is_chunked", "_is_silent", "_left", "head", "is_stream", "keep")

    def __init__(
        self, request: Request, opening: tuple[int, Headers], size: int | None, date: bytes, *, keep: bool
    ) -> None:
        """``size`` of the whole body if it is known although no header says so. Raises HeaderInjectionError."""
        status, given = opening
        lowered = [(name.lower(), value) for name, value in given]
        headers = [pair for pair in lowered if pair[0] not in _OURS]
        fields = dict(lowered)
        self._is_silent = status in BODILESS or request.method == "HEAD"
        self.is_stream = fields.get(b"content-type", b"").startswith(b"text/event-stream")
        length = fields.get(b"content-length")
        self._left = int(length) if length is not None else None if self._is_silent else size
        self._is_chunked = self._left is None and not self._is_silent and request.version == "1.1"
        if self._left is not None and status != 204:
            headers.append((b"content-length", b"%d" % self._left))
        elif self._is_chunked:
            headers.append((b"transfer-encoding", b"chunked"))
        delimited = self._is_silent or self._is_chunked or self._left is not None
        self.keep = keep and delimited and fields.get(b"connection", b"").lower() != b"close"
        end = persistence(request, keep=self.keep)
        self.head = head(status, headers) + (end if b"date" in fields else date + end)

    def frame(self, body: bytes, *, last: bool) -> bytes:
        """Return the bytes that carry a part of the body. Raises FramingError."""
        if self._is_silent:
            return b""
        if self._is_chunked:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            return chunk + b"0\r\n\r\n" if last else chunk
        if self._left is not None:
            self._left -= len(body)
            if self._left < 0 or (last and self._left):
                raise FramingError(f"the body is {abs(self._left)} bytes {'short' if self._left > 0 else 'too long'}")
        return body
