"""``/hall`` and ``/hall/display``: a counter's page and the hall's screen, which do all over ``/halls``."""

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.errors import NotServedError
from gateway.http.departments import AnyRequest
from gateway.http.static_pages import StaticPages


def page_routes() -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    pages = StaticPages("hall")

    @get("/hall", sync_to_thread=False)
    def counter(request: AnyRequest) -> Response[bytes]:
        return pages.page(request, "counter")

    @get("/hall/display", sync_to_thread=False)
    def display(request: AnyRequest) -> Response[bytes]:
        return pages.page(request, "display")

    @get("/hall/{name:str}", sync_to_thread=False)
    def file(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        if (found := pages.file(request, name)) is None:
            raise NotServedError(f"There is no file '{name[:40]}'", fix="Open /hall or /hall/display.")
        return found

    return [counter, display, file]
