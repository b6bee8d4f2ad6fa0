"""``/console``: where departments' staff look and decide. A page and its scripts, which do all over ``/entries``."""

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.http.departments import AnyRequest
from gateway.http.static_pages import StaticPages
from kernel.errors import YiwangError


class NoSuchConsoleFileError(YiwangError):
    """The departments' console has no such file."""

    code = "CONSOLE_FILE_NOT_FOUND"
    http_status = 404


def console_routes() -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    pages = StaticPages("console")

    @get("/console", sync_to_thread=False)
    def page(request: AnyRequest) -> Response[bytes]:
        return pages.page(request, "console")

    @get("/console/{name:str}", sync_to_thread=False)
    def file(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        if (found := pages.file(request, name)) is None:
            raise NoSuchConsoleFileError(f"The console has no file '{name}'", fix="Open /console.")
        return found

    return [page, file]
