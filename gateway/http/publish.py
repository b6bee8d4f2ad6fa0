"""``POST /publish``, ``POST /rollback``, ``GET /services``: how departments make services part of the graph."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta, Struct

from auth.credentials import Publisher
from gateway.http.departments import MAX_BODY_BYTES, REFUSALS, AnyRequest, body, json, publisher
from gateway.registry import Registry
from kernel.clock import SystemClock
from kernel.database import Database
from services_catalog.listing import live_services
from services_catalog.manifest import ServiceName
from services_catalog.publication import Submission
from services_catalog.publishing import Publishing

_log = logging.getLogger(__name__)


class RollBack(Struct, frozen=True, forbid_unknown_fields=True):
    """Which service goes back; without ``to``, to the version before the live one."""

    service: ServiceName
    to: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None  # PostgreSQL's integer


class PublishingRoutes:
    """The handlers, with what they need. Each change is live in this process before its answer is sent.

    ``flush`` has every process write what it was asked until now, for whom a change breaks is looked up there; the
    others have done so by the time that a publication is compiled.
    """

    def __init__(
        self,
        database: Database,
        registry: Registry,
        publishing: Publishing,
        flush: Callable[[], Awaitable[None]],
    ) -> None:
        self._database = database
        self._registry = registry
        self._clock = SystemClock()
        self._publishing = publishing
        self._flush = flush

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""

        @post("/publish", status_code=200, request_max_body_size=MAX_BODY_BYTES, exception_handlers=REFUSALS)
        async def publish(request: AnyRequest) -> Response[bytes]:
            asking = await publisher(self._database, self._clock, request)
            submission = await body(request, Submission)
            await self._flush()
            publication = await self._publishing.publish(asking.department, asking.key_id, submission)
            if publication.status == "published":
                await self._take_over()
            _log.info(
                "publication",
                extra=_who(asking, publication.service)
                | {"version": publication.version, "status": publication.status, "forced": submission.force}
                | {"milliseconds": round(publication.milliseconds)},
            )
            return json(publication)

        @post("/rollback", status_code=200, request_max_body_size=2**16, exception_handlers=REFUSALS)
        async def rollback(request: AnyRequest) -> Response[bytes]:
            asking = await publisher(self._database, self._clock, request)
            wanted = await body(request, RollBack)
            began = time.perf_counter()
            await self._flush()
            change = await self._publishing.roll_back(asking.department, asking.key_id, wanted.service, wanted.to)
            await self._take_over()
            milliseconds = round((time.perf_counter() - began) * 1000)
            _log.info(
                "rollback",
                extra=_who(asking, wanted.service) | {"version": change.version, "milliseconds": milliseconds},
            )
            return json(await self._publishing.judged(wanted.service, change))

        @get("/services", exception_handlers=REFUSALS)
        async def services() -> Response[bytes]:
            async with self._database.session() as session:
                return json(await live_services(session))

        return [publish, rollback, services]

    async def _take_over(self) -> None:
        """Serve what was just stored and announced; if that fails now, the registry finds it by itself."""
        try:
            await self._registry.refresh()
        except Exception:  # noqa: BLE001 - the change is made: to answer with an error would be wrong
            _log.exception("a change is stored but not yet served by this process")


def _who(asking: Publisher, service: str) -> dict[str, Any]:
    return {"department": asking.department, "key_id": asking.key_id, "service": service}
