"""The connections of one gateway process to the live services, each made when it is first needed."""

import asyncio
import logging
from typing import Protocol

from gateway.registry import LiveService, Registry
from gateway.upstream.errors import UpstreamUnreachableError
from gateway.upstream.resolver import Resolver
from gateway.upstream.upstream import Upstream
from supergraph.wire import Request, Response

_GRACE_SECONDS = 30.0  # for calls in flight when a service's settings change; no request may take longer by default

_log = logging.getLogger(__name__)


class Source(Protocol):
    """What a fetch asks: a department's API, or a part of the platform that answers like one."""

    async def call(self, request: Request, deadline: float, seconds: float | None = None) -> Response: ...


class Upstreams:
    """One `Upstream` a live service; a change of its settings replaces it while its calls in flight end."""

    def __init__(self, registry: Registry) -> None:
        self.inside: dict[str, Source] = {}  # sources of the graph that are read in this process, by name
        self._registry = registry
        self._resolver = Resolver()
        self._open: dict[str, Upstream] = {}
        self._closing: set[asyncio.Task[None]] = set()
        registry.on_change(self._changed)

    def get(self, service: str) -> Source:
        """Return the connection to a live service. Raises UpstreamUnreachableError for one that has been taken down."""
        known = self._open.get(service)
        if known is None and service in self.inside:
            return self.inside[service]
        if known is None:
            known = self._open[service] = Upstream(service, self._live(service).upstream, self._resolver)
        return known

    def department(self, service: str) -> str:
        """Return whose service it is. Raises UpstreamUnreachableError for one that has been taken down."""
        return self._live(service).department

    def each(self) -> dict[str, Upstream]:
        """Return what is open, by service, for metrics."""
        return self._open

    async def close(self) -> None:
        """Close everything at once."""
        await asyncio.gather(*(upstream.close() for upstream in self._open.values()))
        for task in self._closing:
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        self._resolver.close()

    def _live(self, service: str) -> LiveService:
        live = self._registry.live(service)
        if live is None:
            raise UpstreamUnreachableError(service, "it is no longer published", fix="Ask its department.")
        return live

    def _changed(self, names: set[str]) -> None:
        for name in names & self._open.keys():
            live = self._registry.live(name)
            if _differs(self._open[name], live):
                task = asyncio.create_task(self._open.pop(name).close(_GRACE_SECONDS))
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)


def _differs(upstream: Upstream, live: LiveService | None) -> bool:
    return live is None or live.upstream != upstream.settings
