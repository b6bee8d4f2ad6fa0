"""``/console``: where departments' staff look and decide. A page and its scripts, which do all over ``/entries``."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, get_args

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.http.conditional import is_known
from gateway.http.departments import AnyRequest
from gateway.http.sign_on.rendering import language
from gateway.http.sign_on.texts import Lang
from kernel.errors import YiwangError

_FOLDER = Path(__file__).parent / "static" / "console"
_MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_LANGUAGES: tuple[Lang, ...] = get_args(Lang)
_HEADERS = {  # Trusted Types: that what departments write became markup is impossible, not only avoided
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",  # asked for each time, by ETag: scripts of two releases must not meet
}


class _File(NamedTuple):
    content: bytes
    media_type: str
    etag: str


class NoSuchConsoleFileError(YiwangError):
    """The departments' console has no such file."""

    code = "CONSOLE_FILE_NOT_FOUND"
    http_status = 404


def console_routes() -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    text = (_FOLDER / "console.html").read_bytes()
    pages = {
        lang: _file(text.replace(b'lang="zh"', b'lang="%s"' % lang.encode(), 1), "text/html") for lang in _LANGUAGES
    }
    found = [path for path in _FOLDER.iterdir() if path.suffix in _MEDIA_TYPES]
    files = {path.name: _file(path.read_bytes(), _MEDIA_TYPES[path.suffix]) for path in found}

    @get("/console", sync_to_thread=False)
    def page(request: AnyRequest) -> Response[bytes]:
        """Return the page; which view it shows stands behind the ``#``, which is the browser's own."""
        lang = language(request)
        return _answer(request, pages[lang], {"content-language": lang, "vary": "accept-language"})

    @get("/console/{name:str}", sync_to_thread=False)
    def file(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        """Return one file of the page: of a list that is made when the process starts, never a path from a URL."""
        if name not in files:
            raise NoSuchConsoleFileError(f"The console has no file '{name}'", fix="Open /console.")
        return _answer(request, files[name])

    return [page, file]


def _file(content: bytes, media_type: str) -> _File:
    return _File(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:16]}"')


def _answer(request: AnyRequest, file: _File, more: Mapping[str, str] = MappingProxyType({})) -> Response[bytes]:
    headers = {**_HEADERS, **more, "etag": file.etag}
    if is_known(request, file.etag):
        return Response(b"", status_code=304, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)
