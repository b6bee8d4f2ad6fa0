"""The one interface between a service's policies and the network; ``native`` and ``through_aiohttp`` implement it."""

from typing import Protocol

from supergraph.wire import Request, Response


class Transport(Protocol):
    """Carries requests to one origin. Raises subclasses of ``UpstreamError`` and nothing else."""

    async def send(self, request: Request, deadline: float) -> Response:
        """Send one request whose target is absolute; ``deadline`` is in loop time. Cancelling aborts the exchange."""
        ...

    def drain(self) -> None:
        """Keep no connection open longer than its present exchange; further requests still work."""
        ...

    async def close(self) -> None:
        """Abort everything at once."""
        ...
