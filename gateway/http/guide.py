"""``POST /entries/{code}/demands``: departments' systems say what they ask an applicant for, before they do."""

import msgspec
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.http.departments import REFUSALS, AnyRequest, body, json, publisher
from kernel.clock import Clock
from kernel.database import Database
from services_catalog.entries.errors import EntryInvalidError
from services_catalog.guide.asking import Asking
from services_catalog.guide.demands import Demands
from services_catalog.strict_reading import defects

_MOST_BYTES = 2**16
_REFERENCE = "docs/catalogue.md describes what is sent."


def guide_routes(database: Database, clock: Clock, *, refuse: bool) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    asking = Asking(database, clock, refuse=refuse)

    @post(
        "/entries/{code:str}/demands", status_code=200, request_max_body_size=_MOST_BYTES, exception_handlers=REFUSALS
    )
    async def demands(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
        who = await publisher(database, clock, request)
        raw = await body(request, dict[str, object], _MOST_BYTES, reference=_REFERENCE)
        if found := [*defects(raw, Demands, "", _REFERENCE)]:
            raise EntryInvalidError(found)
        wanted = msgspec.convert(raw, Demands)
        if not wanted:
            raise EntryInvalidError.at("/", "nothing is asked for", "Name materials, conditions or fees.")
        return json(await asking.ask(who.department, f"credential:{who.key_id}", code, wanted))

    return [demands]
