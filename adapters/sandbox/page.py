"""The page with the simulated phones: one HTML, CSS and JavaScript file, nothing from elsewhere."""

from collections.abc import Sequence
from pathlib import Path

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from adapters.sandbox.errors import UnknownHereError

FOLDER = Path(__file__).parent / "static"
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "frame-src http://127.0.0.1:* http://localhost:*",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
_FILES = {"sandbox.css": "text/css", "sandbox.js": "text/javascript", "bridge.js": "text/javascript"}


def page_routes(opens: Sequence[str] = ()) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers. What is served is a list, never a path from a URL.

    ``opens``: origins whose pages the phone's screen shows, beside this machine's; the browser holds it to them.
    """
    headers = {**HEADERS, "content-security-policy": " ".join([HEADERS["content-security-policy"], *opens])}

    @get("/", sync_to_thread=False, include_in_schema=False)
    def page() -> Response[bytes]:
        """Return the page."""
        return Response((FOLDER / "index.html").read_bytes(), media_type="text/html", headers=headers)

    @get("/static/{name:str}", sync_to_thread=False, include_in_schema=False)
    def asset(name: FromPath[str]) -> Response[bytes]:
        """Return one file of the page."""
        if name not in _FILES:
            raise UnknownHereError(f"The page has no file {name!r}", fix="Open / in a browser.")
        return Response((FOLDER / name).read_bytes(), media_type=_FILES[name], headers=HEADERS)

    @get("/favicon.ico", sync_to_thread=False, include_in_schema=False)
    def icon() -> Response[bytes]:
        """Return what browsers ask for without being told, for all pages here."""
        return Response((FOLDER / "favicon.svg").read_bytes(), media_type="image/svg+xml", headers=HEADERS)

    return [page, asset, icon]
