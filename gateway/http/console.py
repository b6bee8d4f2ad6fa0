"""``/console``: where departments' staff look and decide. A page and its scripts, which do all over ``/entries``."""

from pathlib import Path

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.http.departments import AnyRequest
from gateway.http.sign_on.rendering import language
from kernel.errors import YiwangError

_FOLDER = Path(__file__).parent / "static" / "console"
_MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_HEADERS = {  # Trusted Types: that what departments write became markup is impossible, not only avoided
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",  # scripts of two releases must not meet
}


class NoSuchConsoleFileError(YiwangError):
    """The departments' console has no such file."""

    code = "CONSOLE_FILE_NOT_FOUND"
    http_status = 404


def console_routes() -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    text = (_FOLDER / "console.html").read_text(encoding="utf-8")
    files = {path.name: path for path in _FOLDER.iterdir() if path.suffix in _MEDIA_TYPES}

    @get("/console", sync_to_thread=False)
    def page(request: AnyRequest) -> Response[str]:
        """Return the page; which view it shows stands behind the ``#``, which is the browser's own."""
        lang = language(request)
        headers = {**_HEADERS, "content-language": lang, "vary": "accept-language"}
        return Response(text.replace('lang="zh"', f'lang="{lang}"', 1), media_type="text/html", headers=headers)

    @get("/console/{name:str}", sync_to_thread=True)
    def file(name: FromPath[str]) -> Response[bytes]:
        """Return one file of the page: of a list that is made when the process starts, never a path from a URL."""
        path = files.get(name)
        if path is None:
            raise NoSuchConsoleFileError(f"The console has no file '{name}'", fix="Open /console.")
        return Response(path.read_bytes(), media_type=_MEDIA_TYPES[path.suffix], headers=_HEADERS)

    return [page, file]
