"""The two plain values between the engine and the network: one HTTP request to a department, and its answer."""

from msgspec import Struct

TRANSPORT_HEADERS = frozenset(
    {
        *("connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    }
)
"""The transport's own (RFC 9110 section 7.6.1): who could set these could change where a message ends."""


class Request(Struct, frozen=True):
    """A rendered request.

    ``target`` is path and query below the service's upstream URL, percent-encoded ASCII, beginning with ``/``.
    Header names are lower case; none is among ``TRANSPORT_HEADERS``, values hold no line breaks (the renderer
    sees to both).
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Response(Struct):
    """A complete answer, content decoding done. Header names are lower case bytes."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: bytes) -> bytes:
        """Return the first value of the header ``name`` (lower case), ``b""`` if it is absent."""
        for key, value in self.headers:
            if key == name:
                return value
        return b""
