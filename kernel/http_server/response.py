"""The bytes of answers."""

from collections.abc import Sequence
from http import HTTPStatus

from kernel.http_server.request import Answer, RefusedError, Request

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
DEFECT = RefusedError(500, "something is wrong with the platform; its log says what")
BODILESS = frozenset({204, 304})  # RFC 9110 §6.4.1

_LINES = {status.value: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus}


class HeaderInjectionError(ValueError):
    """A header of an answer would end its line early (RFC 9110 §5.5); the answer is not sent."""


def head(status: int, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return status line and header lines, without the empty line that ends them. Raises HeaderInjectionError."""
    parts = [_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
    for name, value in headers:
        parts += (name, b": ", value, b"\r\n")
    text = b"".join(parts)
    lines = len(headers) + 1
    if text.count(b"\n") != lines or text.count(b"\r") != lines or b"\0" in text:
        raise HeaderInjectionError(f"a header of the answer has a line break or a null in it: {headers!r}")
    return text


def persistence(request: Request, *, keep: bool) -> bytes:
    """Return the end of a head: what becomes of the connection, and the empty line (RFC 9112 §9.3)."""
    if not keep:
        return b"connection: close\r\n\r\n"
    return b"\r\n" if request.version == "1.1" else b"connection: keep-alive\r\n\r\n"


def whole(request: Request, answer: Answer, date: bytes, *, keep: bool) -> bytes:
    """Return a whole answer. ``date`` is a header line. Raises HeaderInjectionError."""
    status, headers, body = answer
    end = date + persistence(request, keep=keep)
    if status in BODILESS:
        return head(status, headers) + end
    text = b"".join((head(status, headers), b"content-length: ", str(len(body)).encode(), b"\r\n", end))
    return text if request.method == "HEAD" else text + body


def refusal(error: RefusedError) -> Answer:
    """Return one of the server's own answers: a line of text."""
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if error.status == 503:
        headers.append((b"retry-after", b"1"))
    return error.status, headers, f"{HTTPStatus(error.status).phrase}: {error.message}\n".encode()
