"""How what opens entries works: ``/entries/{code}/probes`` and ``/entries/notices`` for staff, a score for all."""

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.http.departments import REFUSALS, AnyRequest, json, publisher
from kernel.clock import Clock
from kernel.database import Database
from services_catalog.entries.errors import EntryInvalidError
from services_catalog.lifecycle.notices import Wanted
from services_catalog.probes.viewing import conformity, notices_for, probes_of

_LARGEST = 2**63 - 1  # of PostgreSQL's bigint


class ProbeRoutes:
    """The handlers, with what they need."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""

        @get("/entries/{code:str}/probes", exception_handlers=REFUSALS)
        async def probes(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
            actor = await self._actor(request)
            async with self._database.session() as session:
                return json(await probes_of(session, self._clock, actor, code))

        @get("/entries/notices", exception_handlers=REFUSALS)
        async def notices(request: AnyRequest) -> Response[bytes]:
            actor, wanted = await self._actor(request), _wanted(request)
            async with self._database.session() as session:
                return json(await notices_for(session, self._clock, actor, wanted))

        @get("/conformity", exception_handlers=REFUSALS)
        async def scores() -> Response[bytes]:
            async with self._database.session() as session:
                return json({"departments": await conformity(session, self._clock)})

        return [probes, notices, scores]

    async def _actor(self, request: AnyRequest) -> str:
        return f"credential:{(await publisher(self._database, self._clock, request)).key_id}"


def _wanted(request: AnyRequest) -> Wanted:
    after, newest = request.query_params.get("after", "0"), request.query_params.get("newest", "false")
    if not (after.isascii() and after.isdigit() and len(after) < 20 and int(after) <= _LARGEST):
        raise EntryInvalidError.at("/after", "this is no number of a notice", "Send `next` of the last answer.")
    if newest not in {"true", "false"}:
        raise EntryInvalidError.at("/newest", f"this is {newest!r}", "Send true or false.")
    return Wanted(int(after), newest == "true")
