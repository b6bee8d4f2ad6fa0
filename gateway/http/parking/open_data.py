"""Open data of parking, for anybody: places with live demand, rates, what-if quotes; in pages, sent once."""

import hashlib
from typing import Any

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from flows.parking.places import Box, places
from flows.parking.rates import WhatIf, rate_tables, what_if
from gateway.errors import RequestError
from gateway.http.conditional import is_known
from gateway.http.departments import AnyRequest, json
from gateway.http.parking.paging import cursor_of, limit_of, page
from gateway.http.refusing import in_words
from kernel.clock import Clock
from kernel.database import Database

_PLACES_SECONDS, _RATES_SECONDS = 5, 300


def open_data_routes(database: Database, clock: Clock) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""

    @get("/parking/places")
    async def listed(request: AnyRequest) -> Response[bytes]:
        """List the places; ``bbox`` is west, south, east, north."""
        limit = limit_of(request)
        found = await places(database.pool, clock.now(), cursor_of(request), _box(request), limit + 1)
        return _conditional(request, page(found, limit, lambda each: each), _PLACES_SECONDS)

    @get("/parking/rates")
    async def rates(request: AnyRequest) -> Response[bytes]:
        """List the versions of tariffs that hold or are to come."""
        limit = limit_of(request)
        found = await rate_tables(database.pool, clock.now(), cursor_of(request), limit + 1)
        return _conditional(request, page(found, limit, lambda each: each), _RATES_SECONDS)

    @get("/parking/quotes")
    async def quotes(request: AnyRequest) -> Response[bytes]:
        """Say what a stay would cost."""
        return json(await what_if(database.pool, _stay(request)))

    return [listed, rates, quotes]


def _stay(request: AnyRequest) -> WhatIf:
    asked = {_SPELT.get(name, name): value for name, value in request.query_params.items()}
    try:
        wanted = msgspec.convert(asked, WhatIf, strict=False)
    except msgspec.ValidationError as error:
        raise RequestError(f"The query cannot be read: {in_words(error)}", fix=_FIX) from error
    if wanted.start.tzinfo is None or wanted.end.tzinfo is None:
        raise RequestError("start and end have no zone", fix=_FIX)
    return wanted


_SPELT = {"placeId": "place_id", "vehicleClass": "vehicle_class"}
_FIX = "Give placeId, start and end, such as 2027-01-04T09:00:00%2B08:00; vehicleClass and permit if you like."


def _box(request: AnyRequest) -> Box | None:
    text = request.query_params.get("bbox")
    if text is None:
        return None
    try:
        box = [float(each) for each in text.split(",")]
    except ValueError:
        box = []
    if len(box) != 4 or not all(-180 <= each <= 180 for each in box):
        raise RequestError("bbox is no box", fix="Write west,south,east,north in degrees.")
    return box


def _conditional(request: AnyRequest, value: Any, seconds: int) -> Response[bytes]:
    """Answer with a value unless the client has it."""
    content = msgspec.json.encode(value)
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": f"public, max-age={seconds}"}
    if is_known(request, etag):
        return Response(b"", status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)
