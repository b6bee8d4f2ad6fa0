"""The one interface between a service's policies and the network; ``native`` and ``through_aiohttp`` implement it."""

from typing import Protocol

from msgspec import Struct

from supergraph.wire import Request, Response


class Limits(Struct, frozen=True):
    """How long a call may take: until ``deadline`` (loop time), and so long until its answer begins."""

    deadline: float
    first_byte_seconds: float


class Transport(Protocol):
    """Carries requests to one origin. Raises subclasses of ``UpstreamError`` and nothing else.

    A safe request is sent again, once, if its connection broke before an answer began; ``resent`` counts these.
    """

    resent: int

    async def send(self, request: Request, limits: Limits) -> Response:
        """Send one request whose target is absolute. Cancelling aborts the exchange."""
        ...

    def drain(self) -> None:
        """Keep no connection open longer than its present exchange; further requests still work."""
        ...

    async def close(self) -> None:
        """Abort everything at once."""
        ...
