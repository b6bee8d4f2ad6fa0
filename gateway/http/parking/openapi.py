"""``/parking/openapi.json``: these paths as an OpenAPI 3.1 document, made of the structs that are read and written."""

from typing import Any, NamedTuple

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from flows.parking.cds_events import CdsEvent
from flows.parking.event_wire import WireEvent
from flows.parking.heartbeats import Heard, Heartbeat
from flows.parking.occupancy import Demand
from flows.parking.permitting import AssignedRight, RightSpec
from flows.parking.places import Place
from flows.parking.rates import QuoteView, RateTable
from flows.parking.refused import RefusedView
from flows.parking.session_view import CouponView, DisputeView, SessionView
from flows.parking.site_logs.reconciling import HandedIn
from flows.parking.site_logs.reporting import SiteReport
from flows.parking.site_logs.wire import SiteLog
from flows.parking.site_snapshot import SiteSnapshot
from gateway.http.conditional import is_known
from gateway.http.departments import AnyRequest
from gateway.http.parking.asking import SCOPE, SHOP_SCOPE
from gateway.http.parking.discounting import CouponGrant, CouponRevocation, RightAssignment, RightEnding
from gateway.http.parking.events import EventAnswers, ExitAnswer
from gateway.http.parking.operating import (
    Closing,
    Counted,
    DisputeDecision,
    Opening,
    Release,
    Repair,
    Reported,
    WriteOff,
)
from kernel.version import __version__

DEVICE, PROGRAM, SHOP, OPEN = "device", "program", "shop", ""


class Operation(NamedTuple):
    """A path as the document has it. ``many``: the body is one of its type, or a list; the answer is a page."""

    method: str
    path: str
    summary: str
    who: str
    answer: Any
    body: Any = None
    query: tuple[str, ...] = ()
    many: bool = False


_PAGE = ("limit", "after")
OPERATIONS = (
    Operation("post", "/parking/events", "Record gate events", DEVICE, EventAnswers, WireEvent, many=True),
    Operation("post", "/parking/exits", "Ask what the arm does for a vehicle", DEVICE, ExitAnswer, WireEvent),
    Operation("post", "/parking/heartbeats", "Say that a device is well", DEVICE, Heard, Heartbeat),
    Operation("post", "/parking/cds/events", "Record roadside events (CDS)", DEVICE, EventAnswers, CdsEvent, many=True),
    Operation("get", "/parking/site/snapshot", "Fetch what a box decides by", DEVICE, SiteSnapshot, query=("after",)),
    Operation("post", "/parking/site/logs", "Hand in a site's log of a day", DEVICE, HandedIn, SiteLog),
    Operation(
        *("get", "/parking/site/reports", "List what differs between sites' logs and us", PROGRAM, SiteReport),
        query=("day",),
        many=True,
    ),
    Operation(
        *("get", "/parking/sessions", "List your lots' sessions", PROGRAM, SessionView),
        query=(*_PAGE, "placeId", "review", "state"),
        many=True,
    ),
    Operation("get", "/parking/disputes", "List open disputes", PROGRAM, DisputeView, query=_PAGE, many=True),
    Operation(
        *("get", "/parking/refused-events", "List what your devices sent in vain", PROGRAM, RefusedView),
        query=(*_PAGE, "placeId", "deviceId"),
        many=True,
    ),
    Operation("post", "/parking/lots/{id}/occupancy", "Say how many vehicles are inside", PROGRAM, Demand, Counted),
    Operation("post", "/parking/lots/{id}/opening", "Say when a lot is open", PROGRAM, Opening, Opening),
    Operation("post", "/parking/lots/{id}/events", "Say what was seen in a lot", PROGRAM, EventAnswers, Reported),
    Operation("post", "/parking/sessions/{id}/closing", "Close what has no exit", PROGRAM, SessionView, Closing),
    Operation("post", "/parking/sessions/{id}/release", "Let a vehicle out", PROGRAM, SessionView, Release),
    Operation("post", "/parking/sessions/{id}/write-off", "Write off what is owed", PROGRAM, SessionView, WriteOff),
    Operation("post", "/parking/sessions/{id}/plate", "Put a plate right", PROGRAM, SessionView, Repair),
    Operation("post", "/parking/disputes/{id}/decision", "Decide a dispute", PROGRAM, DisputeView, DisputeDecision),
    Operation("get", "/parking/rights/specs", "List the permits of your tariffs", PROGRAM, RightSpec, many=True),
    Operation(
        *("get", "/parking/rights/assigned", "List the permits of plates", PROGRAM, AssignedRight),
        query=(*_PAGE, "placeId", "credentialId"),
        many=True,
    ),
    Operation("post", "/parking/rights/assigned", "Assign a permit", PROGRAM, AssignedRight, RightAssignment),
    Operation("post", "/parking/rights/assigned/{id}/end", "End a permit", PROGRAM, AssignedRight, RightEnding),
    Operation("get", "/parking/coupons", "List coupons", SHOP, CouponView, query=(*_PAGE, "sessionId"), many=True),
    Operation("post", "/parking/coupons", "Take an amount off a running session", SHOP, CouponView, CouponGrant),
    Operation("post", "/parking/coupons/{id}/revocation", "Take a coupon back", SHOP, CouponView, CouponRevocation),
    Operation("get", "/parking/places", "List lots with live demand", OPEN, Place, query=(*_PAGE, "bbox"), many=True),
    Operation("get", "/parking/rates", "List tariffs", OPEN, RateTable, query=_PAGE, many=True),
    Operation(
        *("get", "/parking/quotes", "Say what a stay would cost", OPEN, QuoteView),
        query=("placeId", "start", "end", "vehicleClass", "permit"),
    ),
)


def document(issuer: str) -> dict[str, Any]:
    """Return the document."""
    types = [each for operation in OPERATIONS for each in (operation.body, operation.answer) if each is not None]
    _, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Parking", "version": __version__, "description": "docs/parking_operators.md has examples."},
        "servers": [{"url": issuer}],
        "paths": paths,
        "components": {"schemas": components | {"Error": _ERROR}, "securitySchemes": _security(issuer)},
    }


def openapi_routes(issuer: str) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    written = msgspec.json.encode(document(issuer))
    etag = f'"{__version__}-{len(written)}"'

    @get("/parking/openapi.json", sync_to_thread=False)
    def openapi(request: AnyRequest) -> Response[bytes]:
        """Describe these paths."""
        headers = {"etag": etag, "cache-control": "public, max-age=300"}
        if is_known(request, etag):
            return Response(b"", status_code=304, headers=headers)
        return Response(written, media_type="application/json", headers=headers)

    return [openapi]


_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                **{name: {"type": "string"} for name in ("code", "message", "fix")},
                "retryable": {"type": "boolean"},
                "details": {"type": "object"},
            },
            "required": ["code", "message", "fix", "retryable", "details"],
        }
    },
    "required": ["error"],
}


def _described(operation: Operation) -> dict[str, Any]:
    refused = {"description": "Refused: the error says why.", "content": _json({"$ref": "#/components/schemas/Error"})}
    described: dict[str, Any] = {
        "operationId": _name(operation),
        "summary": operation.summary,
        "security": _who(operation.who),
        "parameters": _parameters(operation),
        "responses": {"200": {"description": "Done.", "content": _json(_answered(operation))}, "4XX": refused},
    }
    if operation.body is not None:
        one = _ref(operation.body)
        several = {"oneOf": [one, {"type": "array", "items": one, "minItems": 1}]} if operation.many else one
        described["requestBody"] = {"required": True, "content": _json(several)}
    return described


def _name(operation: Operation) -> str:
    name = operation.path.removeprefix("/parking/").replace("/{id}", "").replace("/", "_").replace("-", "_")
    listed = any((each.method, each.path) == ("get", operation.path) for each in OPERATIONS)
    return f"add_{name}" if listed and operation.method == "post" else name


def _answered(operation: Operation) -> dict[str, Any]:
    if not operation.many or operation.method == "post":
        return _ref(operation.answer)
    properties = {"items": {"type": "array", "items": _ref(operation.answer)}, "next": {"type": ["string", "null"]}}
    return {"type": "object", "properties": properties, "required": ["items", "next"]}


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    needed = {"placeId", "start", "end"} if operation.path == "/parking/quotes" else set()
    text = {"type": "string"}
    found = [
        {
            "name": name,
            "in": "query",
            "required": name in needed,
            "schema": {"type": "integer"} if name == "limit" else text,
        }
        for name in operation.query
    ]
    if "{id}" in operation.path:
        found.append({"name": "id", "in": "path", "required": True, "schema": text | {"format": "uuid"}})
    if operation.who in _SCOPES and operation.method == "post":
        found.append({"name": "Idempotency-Key", "in": "header", "required": True, "schema": text})
    return found


def _who(who: str) -> list[dict[str, list[str]]]:
    """Return by which of the schemes below one is let in: any of them will do."""
    if who in _SCOPES:
        return [{PROGRAM: [scope]} for scope in _SCOPES[who]]
    return [{who: []}] if who else []


_SCOPES = {PROGRAM: (SCOPE,), SHOP: (SCOPE, SHOP_SCOPE)}


def _security(issuer: str) -> dict[str, Any]:
    scopes = {SCOPE: "Operate your department's lots.", SHOP_SCOPE: "Grant coupons there, as a shop."}
    flow = {"tokenUrl": f"{issuer}/oauth/token", "scopes": scopes}
    signed = "HTTP Message Signatures (RFC 9421, hmac-sha256) over method, authority, path, query and Content-Digest."
    return {
        DEVICE: {"type": "apiKey", "in": "header", "name": "Signature", "description": signed},
        PROGRAM: {"type": "oauth2", "flows": {"clientCredentials": flow}},
    }


def _ref(type_: Any) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{type_.__name__}"}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
