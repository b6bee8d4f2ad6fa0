"""``/parking``: parking on a phone, as a plain web page that asks the graph like any other front end.

``/parking#app=…&code=…&scan=…`` is how a host app opens it: with its login code, and what it has scanned.
"""

from collections.abc import Sequence
from pathlib import Path

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.errors import NotServedError
from gateway.http.departments import AnyRequest
from gateway.http.framing import framing
from gateway.http.sign_on.rendering import language

_FOLDER = Path(__file__).parent / "static" / "parking"
_MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "geolocation=(self)",
    "cache-control": "no-cache",
}


def parking_page_routes(framed_by: Sequence[str]) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers; files are of a list that is made when the process starts.

    The page is told who may frame it: it talks with a host app around it at those origins only.
    """
    fixed = {**_HEADERS, **framing(_POLICY, framed_by)}
    document = (_FOLDER / "parking.html").read_bytes()
    document = document.replace(b'framed-by" content=""', b'framed-by" content="%s"' % " ".join(framed_by).encode(), 1)
    files = {path.name: (path.read_bytes(), _MEDIA_TYPES[path.suffix]) for path in _FOLDER.glob("*.*s")}

    @get("/parking", sync_to_thread=False)
    def page(request: AnyRequest) -> Response[bytes]:
        """Return the page in the browser's language."""
        lang = language(request)
        headers = {**fixed, "content-language": lang, "vary": "accept-language"}
        text = document.replace(b'lang="zh"', b'lang="%s"' % lang.encode(), 1)
        return Response(text, media_type="text/html", headers=headers)

    @get("/parking-page/{name:str}", sync_to_thread=False)
    def file(name: FromPath[str]) -> Response[bytes]:
        """Return one file of the page."""
        if name not in files:
            raise NotServedError(f"The page has no file '{name[:40]}'", fix="Open /parking.")
        content, media_type = files[name]
        return Response(content, media_type=media_type, headers=fixed)

    return [page, file]
