"""The catalogue as a source of the graph that is read in this process: it answers as a department's API would.

Planning, reading and cutting answers to what is selected are the engine's own ways; only the network is missing.
"""

from bisect import bisect_right
from urllib.parse import parse_qsl, unquote

import msgspec

from gateway.launches import PREFIX, Launches
from gateway.registry import LiveService, Registry
from services_catalog.reading.answering import Answering
from services_catalog.reading.answers import Service
from supergraph.wire import Request, Response

_JSON = [(b"content-type", b"application/json")]
_SERVICES = "/services"
_MOST = 1000  # services in one answer


class CatalogueSource:
    """Stands where the connection to a department stands for other sources."""

    def __init__(self, answering: Answering, launches: Launches, registry: Registry) -> None:
        self._answering = answering
        self._launches = launches
        self._registry = registry

    async def call(self, request: Request, deadline: float, seconds: float | None = None) -> Response:  # noqa: ARG002 - the interface of gateway.upstream.upstream.Upstream, whose calls may take long
        """Return the answer. Raises CatalogueUnavailableError, CursorError, UnknownOrganisationError."""
        if request.target.startswith(_SERVICES):
            return Response(200, _JSON, msgspec.json.encode(self._services(request.target.removeprefix(_SERVICES))))
        if request.target.startswith(PREFIX):
            return Response(200, _JSON, await self._launches.answer(request.target))
        answer = await self._answering.answer(request.target)
        return Response(200, [*_JSON, (b"etag", answer.tag)], answer.body)

    def _services(self, target: str) -> Service | list[Service] | None:
        """Return live services from the gateway's own memory: the one that is named, or those after a name."""
        if target.startswith("/"):
            live = self._registry.live(unquote(target[1:]))
            return None if live is None else _shown(live)
        given = dict(parse_qsl(target.removeprefix("?")))
        names = sorted(self._registry.names())
        start = bisect_right(names, given.get("after", ""))
        chosen = names[start : start + max(0, min(int(given.get("first", "100")), _MOST))]
        return [_shown(live) for name in chosen if (live := self._registry.live(name)) is not None]


def _shown(live: LiveService) -> Service:
    return Service(live.name, live.department, live.title, live.description, live.version)
