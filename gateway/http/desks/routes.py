"""All routes of desks, for ``gateway.app``."""

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.errors import NotServedError
from gateway.http.departments import AnyRequest
from gateway.http.desks.asking import Desks
from gateway.http.desks.cases import case_routes
from gateway.http.desks.times import time_routes
from gateway.http.static_pages import StaticPages
from schema.context import Platform


def desk_routes(platform: Platform) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    desks = Desks(platform)
    return [*time_routes(desks), *case_routes(desks), *_page()]


def _page() -> list[HTTPRouteHandler]:
    pages = StaticPages("desk")

    @get("/desk", sync_to_thread=False)
    def page(request: AnyRequest) -> Response[bytes]:
        return pages.page(request, "desk")

    @get("/desk/{name:str}", sync_to_thread=False)
    def file(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        if (found := pages.file(request, name)) is None:
            raise NotServedError(f"There is no file '{name[:40]}'", fix="Open /desk.")
        return found

    return [page, file]
