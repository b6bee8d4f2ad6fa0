"""``/catalogue/…``: the published catalogue as open data, in two standards, for everybody.

CPSV-AP 3.2 is one JSON-LD document; HSDS 3 is its API's own paths, whose list may be streamed as lines of JSON.
"""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream
from litestar.types import Receive, Scope, Send
from msgspec import Meta, Struct

from gateway.errors import RequestError
from gateway.http.conditional import is_known
from gateway.http.departments import AnyRequest
from gateway.http.refusing import in_words
from services_catalog.exports.exporting import HSDS_VERSION, Exports, Language, Pieces
from services_catalog.lifecycle.errors import UnknownEntryError

_JSON, _LINES, _JSON_LD = "application/json", "application/x-ndjson", "application/ld+json"
_ABOUT = {
    "version": HSDS_VERSION,
    "profile": "https://docs.openreferral.org/en/latest/hsds/",
    "openapi_url": f"https://raw.githubusercontent.com/openreferral/specification/{HSDS_VERSION}/schema/openapi.json",
}
_MOST_A_PAGE = 100  # 0.5 MB of nested services

Answer = Response[Any]
_T = TypeVar("_T", bound=Struct)


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """There is one document for all."""


class InLanguage(Struct, frozen=True, forbid_unknown_fields=True):
    """In which language texts are."""

    language: Language = "zh"


class Page(InLanguage, frozen=True):
    """Which services, and how much of each: HSDS's own parameters, of which filters are not answered."""

    page: Annotated[int, Meta(ge=1, le=10**6)] = 1
    per_page: Annotated[int, Meta(ge=1, le=_MOST_A_PAGE)] = 20
    format: Literal["json", "ndjson"] = "json"
    full: bool = False


class _Export(Stream):
    """An export as an answer, that is closed however it ends: a client may go away half-way."""

    def __init__(self, pieces: Pieces, *, media_type: str, headers: dict[str, str]) -> None:
        super().__init__(pieces, media_type=media_type, headers=headers)
        self._pieces = pieces

    def to_asgi_response(self, *args: Any, **kwargs: Any) -> Any:
        answer = super().to_asgi_response(*args, **kwargs)

        async def closing(scope: Scope, receive: Receive, send: Send) -> None:
            async with aclosing(self._pieces):
                await answer(scope, receive, send)

        return closing


def export_routes(exports: Exports) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    return [_cpsv_ap(exports), *_hsds(exports)]


def _cpsv_ap(exports: Exports) -> HTTPRouteHandler:
    @get("/catalogue/cpsv-ap.jsonld")
    async def cpsv_ap(request: AnyRequest) -> Answer:
        _asked(request, Nothing)

        async def document(headers: dict[str, str]) -> Answer:
            return _Export(await exports.cpsv_ap(), media_type=_JSON_LD, headers=headers)

        return await _unless_known(exports, request, document)

    return cpsv_ap


def _hsds(exports: Exports) -> list[HTTPRouteHandler]:
    @get("/catalogue/hsds")
    async def about() -> Answer:
        return Response(_ABOUT)

    @get("/catalogue/hsds/services")
    async def services(request: AnyRequest) -> Answer:
        wanted = _asked(request, Page)

        async def answer(headers: dict[str, str]) -> Answer:
            if wanted.format == "ndjson":
                lines = await exports.hsds_lines(wanted.language, full=wanted.full)
                return _Export(lines, media_type=_LINES, headers=headers)
            page = await exports.hsds_page(wanted.page, wanted.per_page, wanted.language, full=wanted.full)
            return Response(page, media_type=_JSON, headers=headers)

        return await _unless_known(exports, request, answer)

    @get("/catalogue/hsds/services/{identifier:str}")
    async def service(request: AnyRequest, identifier: FromPath[str]) -> Answer:
        wanted = _asked(request, InLanguage)

        async def answer(headers: dict[str, str]) -> Answer:
            found = await exports.hsds_service(identifier.lower(), wanted.language)
            if found is None:
                raise UnknownEntryError(
                    f"There is no service {identifier!r}", fix="/catalogue/hsds/services lists those there are."
                )
            return Response(found, media_type=_JSON, headers=headers)

        return await _unless_known(exports, request, answer)

    return [about, services, service]


async def _unless_known(
    exports: Exports, request: AnyRequest, answer: Callable[[dict[str, str]], Awaitable[Answer]]
) -> Answer:
    """Answer, unless the client has what nothing has changed of since."""
    headers = {"etag": f'"{await exports.state()}"', "cache-control": "no-cache"}
    return (
        Response("", status_code=304, headers=headers) if is_known(request, headers["etag"]) else await answer(headers)
    )


def _asked(request: AnyRequest, type_: type[_T]) -> _T:
    """Return what the query asks for. Raises RequestError: a filter that is passed over would be a wrong answer."""
    try:
        return msgspec.convert(dict(request.query_params), type_, strict=False)
    except msgspec.ValidationError as error:
        known = ", ".join(type_.__struct_fields__) or "nothing"
        raise RequestError(
            f"The query cannot be read: {in_words(error)}", fix=f"It may say {known}: docs/exports.md."
        ) from error
