"""One request, and what a server must refuse although it parses (RFC 9112 §3 and §6)."""

import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import NamedTuple

from kernel.http_server.limits import Limits

Headers = list[tuple[bytes, bytes]]
Answer = tuple[int, Headers, bytes]
"""Status, headers and the whole body."""
Handler = Callable[[str, bytes, dict[bytes, bytes], bytes], Awaitable[Answer]]
"""Answers a whole request: method, query string, headers (names in lower case) and body.

The server adds Content-Length, Date and Connection to the headers of the answer.
"""

_HOST = re.compile(rb"[\w.~!$&'()*+,;=%:\[\]-]*", re.ASCII)  # uri-host [ ":" port ], RFC 3986 §3.2


class RefusedError(Exception):
    """The server itself refuses the request, and closes the connection."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Direct(NamedTuple):
    """What answers one exact path, and the longest body that it takes."""

    handler: Handler
    body_bytes: int

    def too_long(self) -> RefusedError:
        return RefusedError(413, f"the body is longer than {self.body_bytes} bytes")


class Request:
    """A request whose head is complete. Header names are lower case."""

    version = "1.1"
    keep_alive = False
    expects = False  # it waits for 100 Continue
    direct: Direct | None = None
    received = 0  # bytes of the body
    complete = False
    on_arrival: Callable[[], None] | None = None  # of more body, or of its end
    refusal: RefusedError | None = None

    def __init__(self, method: str, headers: Headers) -> None:
        self.method = method
        self.headers = headers
        self.fields = dict(headers)
        self.path = self.query = b""
        self.parts: list[bytes] = []  # of the body, not yet taken

    @classmethod
    def refused(cls, refusal: RefusedError) -> "Request":
        """Stand for a request that is refused when its turn comes."""
        request = cls("", [])
        request.refusal = refusal
        return request

    @property
    def chunked(self) -> bool:
        return b"transfer-encoding" in self.fields

    @property
    def length(self) -> int:
        """The announced length of the body; 0 if there is none or it is chunked."""
        return int(self.fields.get(b"content-length", 0))

    def take(self) -> bytes:
        """Take the body as far as it is here."""
        parts = self.parts
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        return body


def judge(request: Request, target: bytes, limits: Limits) -> None:
    """Read the target and what concerns the server. Raises RefusedError."""
    if request.version not in {"1.0", "1.1"}:
        raise RefusedError(505, "HTTP/1.1 and HTTP/1.0 are spoken here")
    check_sizes(target, request.headers, limits)
    fields = request.fields
    if len(fields) != len(request.headers):
        _join_repeated(request)
    host = fields.get(b"host")
    if host is None:
        if request.version == "1.1":
            raise RefusedError(400, "a request needs a Host field")
    elif not _is_host(host):
        raise RefusedError(400, "the Host field is no host")
    if b"transfer-encoding" in fields:
        _check_coding(request)
    if b"expect" in fields:
        request.expects = fields[b"expect"].lower() == b"100-continue" and request.version == "1.1"
    if target.startswith(b"/"):
        request.path, _, request.query = target.partition(b"?")
    else:
        _read_other_form(request, target)


def check_sizes(target: bytes, headers: Headers, limits: Limits) -> None:
    """Refuse what is too long or too many, as far as it is here; the length of the head is for its reader to judge."""
    if len(target) > limits.target_bytes:
        message = f"the path and query are longer than {limits.target_bytes} bytes: POST has room for more"
        raise RefusedError(414, message)
    if len(headers) > limits.headers:
        raise RefusedError(431, f"there are more than {limits.headers} header fields")


def _join_repeated(request: Request) -> None:
    """Join repeated fields into lists (RFC 9110 §5.3; cookies as RFC 6265 §5.4 does); refuse a repeated Host."""
    fields = request.fields
    fields.clear()
    for name, value in request.headers:
        if name not in fields:
            fields[name] = value
        elif name == b"host":
            raise RefusedError(400, "there are two Host fields")
        else:
            fields[name] += (b"; " if name == b"cookie" else b", ") + value


def _check_coding(request: Request) -> None:
    if request.version == "1.0":
        raise RefusedError(400, "HTTP/1.0 has no Transfer-Encoding")
    if request.fields[b"transfer-encoding"].lower() != b"chunked":
        raise RefusedError(501, "of transfer codings only chunked is understood")


def _read_other_form(request: Request, target: bytes) -> None:
    """Read what is not simply a path: absolute-form, or the ``*`` of OPTIONS (RFC 9112 §3.2)."""
    scheme, separator, rest = target.partition(b"://")
    if separator and scheme.lower() in {b"http", b"https"}:
        authority = re.split(rb"[/?#]", rest, maxsplit=1)[0]
        if not authority or not _is_host(authority):
            raise RefusedError(400, "the host of the target is none")
        request.fields[b"host"] = authority  # it counts, the field does not
        request.headers = [(name, authority if name == b"host" else value) for name, value in request.headers]
        path, _, request.query = rest[len(authority) :].partition(b"?")
        request.path = path or b"/"
    elif target == b"*" and request.method == "OPTIONS":
        request.path = target
    else:
        raise RefusedError(400, "the target is neither a path nor an http URL")


@lru_cache(maxsize=1024)
def _is_host(host: bytes) -> bool:
    return _HOST.fullmatch(host) is not None
