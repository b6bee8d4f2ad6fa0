"""``/graphiql``: the graph to look at and try, with every file served from here (a city's intranet has no CDN)."""

import importlib.util
from pathlib import Path

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kernel.errors import YiwangError

_OWN = Path(__file__).parent / "static"
_PACKAGE = "graphene_django_graphiql_static"  # GraphiQL 2 as browser files; see docs/decisions
_MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css"}
_HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}


class NoSuchFileError(YiwangError):
    """The page has no such file."""

    code = "FILE_NOT_FOUND"
    http_status = 404


def graphiql_routes() -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    files = _files()

    @get("/graphiql", sync_to_thread=False)
    def page() -> Response[bytes]:
        """Return the page; its script reads the chosen services from the URL."""
        return Response((_OWN / "graphiql.html").read_bytes(), media_type="text/html", headers=_HEADERS)

    @get("/graphiql/assets/{name:str}", sync_to_thread=True)
    def asset(name: FromPath[str]) -> Response[bytes]:
        """Return one file of the page."""
        path = files.get(name)
        if path is None:
            raise NoSuchFileError(f"GraphiQL has no file '{name}'", fix="Open /graphiql.")
        headers = {**_HEADERS, "cache-control": "public, max-age=3600"}
        return Response(path.read_bytes(), media_type=_MEDIA_TYPES[path.suffix], headers=headers)

    @get("/", sync_to_thread=False)
    def front_door() -> Redirect:
        """Lead whoever opens the bare address to the page."""
        return Redirect("/graphiql")

    return [front_door, page, asset]


def _files() -> dict[str, Path]:
    """Return the page's files by name: what is served is this list, never a path from a URL."""
    found = importlib.util.find_spec(_PACKAGE)
    folders = [_OWN]
    if found is not None and found.submodule_search_locations:
        folders.insert(0, Path(found.submodule_search_locations[0]) / "static" / _PACKAGE)
    return {path.name: path for folder in folders for path in folder.iterdir() if path.suffix in _MEDIA_TYPES}
