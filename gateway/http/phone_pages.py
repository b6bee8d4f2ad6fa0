"""``/parking`` and ``/appointments``: plain web pages for phones, which ask the graph like any other front end.

``/parking#app=…&code=…&scan=…`` is how a host app opens one: with its login code, and what it has scanned.
"""

from collections.abc import Sequence

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.errors import NotServedError
from gateway.http.departments import AnyRequest
from gateway.http.static_pages import StaticPages

_PAGES = ("parking", "appointments")


def phone_page_routes(framed_by: Sequence[str]) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    return [handler for name in _PAGES for handler in _routes(name, StaticPages(name, framed_by))]


def _routes(name: str, pages: StaticPages) -> list[HTTPRouteHandler]:
    @get(f"/{name}", sync_to_thread=False)
    def page(request: AnyRequest) -> Response[bytes]:
        return pages.page(request, name)

    @get(f"/{name}-page/{{file:str}}", sync_to_thread=False)
    def one(request: AnyRequest, file: FromPath[str]) -> Response[bytes]:
        if (found := pages.file(request, file)) is None:
            raise NotServedError(f"The page has no file '{file[:40]}'", fix=f"Open /{name}.")
        return found

    return [page, one]
