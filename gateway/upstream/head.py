"""Composes the head of an HTTP/1.1 request (RFC 9112 §3, §5) so that nothing in it can smuggle a second one."""

import re
from collections.abc import Mapping
from functools import lru_cache

from gateway.upstream.errors import UpstreamBadRequestError
from kernel.networks import Url
from supergraph.wire import TRANSPORT_HEADERS, Request

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_BODYLESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_METHODS = _BODYLESS | {"DELETE", "PATCH", "POST", "PUT", "QUERY"}  # what API documents can name


class HeadComposer:
    """Composes the heads of one service; what never changes is rendered once.

    ``fixed`` headers win over a request's own. Answers are asked for without compression: inside a city's network
    the processor is dearer than the wire; a fixed ``accept-encoding`` changes that.
    """

    __slots__ = ("_fixed", "_service", "_static", "headers")

    def __init__(self, service: str, url: Url, fixed: Mapping[str, str]) -> None:
        self._service = service
        lowered = {name.lower(): value for name, value in fixed.items()}
        self.headers = {"user-agent": "yiwang", "accept-encoding": "identity"} | lowered
        self._fixed = frozenset(self.headers)
        for name, value in self.headers.items():
            self._check_header(name, value)
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        self._static = f" HTTP/1.1\r\nhost: {url.authority}\r\n{lines}"

    def compose(self, request: Request) -> bytes:
        """Return the request's head, the empty line included."""
        method, target, body = request.method, request.target, request.body
        self._check_line(method, target)
        lines = [method, " ", target, self._static]
        for name, value in request.headers:
            if name not in self._fixed:
                self._check_header(name, value)
                lines += (name, ": ", value, "\r\n")
        if body or method not in _BODYLESS:
            lines.append(f"content-length: {len(body)}\r\n")
        lines.append("\r\n")
        return "".join(lines).encode()

    def merge(self, request: Request) -> list[tuple[str, str]]:
        """Check the request as ``compose`` does and return all its headers, for a client that renders them itself."""
        self._check_line(request.method, request.target)
        own = [(name, value) for name, value in request.headers if name not in self._fixed]
        for name, value in own:
            self._check_header(name, value)
        return [*self.headers.items(), *own]

    def _check_line(self, method: str, target: str) -> None:
        if not (target.startswith("/") and target.isascii() and target.isprintable() and " " not in target):
            raise UpstreamBadRequestError(self._service, "the path or query of the request has characters to encode")
        if method not in _METHODS:
            raise UpstreamBadRequestError(self._service, f"requests with {method[:20]!r} are not sent")

    def _check_header(self, name: str, value: str) -> None:
        if not _is_sendable(name):
            raise UpstreamBadRequestError(self._service, f"a request must not carry the header {name[:60]!r}")
        if not value.isprintable():
            raise UpstreamBadRequestError(self._service, f"the value of {name} has control characters")


@lru_cache(maxsize=4096)
def _is_sendable(name: str) -> bool:
    return name not in TRANSPORT_HEADERS and _TOKEN.fullmatch(name) is not None
