"""The box's own HTTP: for cameras, scanners, terminals and barrier controllers of the site, and its page.

Whoever asks sends a token of the site's (``Authorization: Bearer``), for money and the arm the booth's; only the page's
files need none. Served on loopback or the site's own network, never to the Internet.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream

from flows.gate.box import Box
from flows.gate.errors import GateRequestError, GateTokenError
from flows.gate.site import Site
from flows.gate.status import status_of
from flows.gate.wire import Answer, CodeShown, LinkChange, OpenedByHand, PaidHere, PlateRead, read
from kernel.errors import YiwangError

AnyRequest = Request[Any, Any, Any]
_T = TypeVar("_T", PlateRead, CodeShown, OpenedByHand, PaidHere)
_MOST_BYTES = 2**14
_REFRESH_SECONDS = 2.0  # ages on the page go on without anything happening
_STATIC = Path(__file__).parent / "static"
_FILES = {"gate.css": "text/css", "gate.js": "text/javascript", "favicon.svg": "image/svg+xml"}
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


def gate_app(opened: Callable[[], AbstractAsyncContextManager[Box]]) -> Litestar:
    """Assemble the application, which opens the box when it starts and closes it when it ends."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with opened() as app.state.box:
            yield

    handlers = [
        _lane("plates", PlateRead, Site.plate_read),
        _lane("codes", CodeShown, Site.code_shown),
        _lane("open", OpenedByHand, Site.opened_by_hand, booth=True),
        _lane("payments", PaidHere, Site.paid_here, booth=True),
        *_watching(),
        *_page(),
    ]
    return Litestar(
        handlers,
        lifespan=[lifespan],
        exception_handlers={YiwangError: _refused, HTTPException: _not_understood},
        openapi_config=None,
        logging_config=None,
    )


def _lane(
    name: str, type_: type[_T], work: Callable[[Site, str, _T], Awaitable[Answer]], *, booth: bool = False
) -> HTTPRouteHandler:
    @post(f"/lanes/{{lane:str}}/{name}", status_code=200, request_max_body_size=_MOST_BYTES, name=name)
    async def happened(request: AnyRequest, lane: FromPath[str]) -> Response[bytes]:
        site = _box(request, booth=booth).site
        return _json(await work(site, lane, read(await request.body(), type_)))

    return happened


def _watching() -> list[HTTPRouteHandler]:
    @get("/status")
    async def status(request: AnyRequest) -> Response[bytes]:
        return _json(status_of(_box(request)))

    @get("/events")
    async def events(request: AnyRequest) -> Stream:
        """Server-Sent Events (HTML, section 9.2): how the box stands, whenever something changes."""
        return Stream(_told(_box(request)), media_type="text/event-stream", headers={"cache-control": "no-store"})

    @post("/link", status_code=200, request_max_body_size=_MOST_BYTES)
    async def link(request: AnyRequest) -> Response[bytes]:
        """Break the line to the platform, or mend it."""
        box = _box(request, booth=True)
        if not box.simulated:
            raise NotFoundException("This box serves a site, and cuts no line")
        box.cloud.cut(cut=read(await request.body(), LinkChange).cut)
        box.passing.lanes.changed()
        return _json(status_of(box))

    return [status, events, link]


def _page() -> list[HTTPRouteHandler]:
    """What is served is a list, never a path from a URL."""

    @get("/", sync_to_thread=False)
    def page() -> Response[bytes]:
        return Response((_STATIC / "index.html").read_bytes(), media_type="text/html", headers=_HEADERS)

    @get("/static/{name:str}", sync_to_thread=False)
    def asset(name: FromPath[str]) -> Response[bytes]:
        if name not in _FILES:
            raise GateRequestError("name", "the page has no such file")
        return Response((_STATIC / name).read_bytes(), media_type=_FILES[name], headers=_HEADERS)

    return [page, asset]


async def _told(box: Box) -> AsyncIterator[bytes]:
    async for _ in box.passing.lanes.changes(_REFRESH_SECONDS):
        yield b"data: " + msgspec.json.encode(status_of(box)) + b"\n\n"


def _box(request: AnyRequest, *, booth: bool = False) -> Box:
    """Return the box, for whoever has a token of the site's, or the booth's. Raises GateTokenError."""
    box: Box = request.app.state.box
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    good = [box.file.booth_token] if booth else [box.file.booth_token, box.file.token]
    if scheme.lower() != "bearer" or not any(secrets.compare_digest(token.encode(), each.encode()) for each in good):
        whose = "booth" if booth else "site"
        raise GateTokenError(f"The {whose}'s token is missing or wrong", fix="Send it as Authorization: Bearer TOKEN.")
    return box


def _json(value: object, status: int = 200) -> Response[bytes]:
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(value), status_code=status, media_type="application/json", headers=headers)


def _refused(_: AnyRequest, error: YiwangError) -> Response[bytes]:
    return _json({**error.extensions, "message": error.message, "fix": error.fix}, error.http_status)


def _not_understood(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    code = f"GATE_{HTTPStatus(error.status_code).name}"
    message = f"{request.method} {request.url.path}: {error.detail}"
    return _json({"code": code, "message": message, "fix": "docs/gate.md has what is served."}, error.status_code)
