"""Pages of ours that are files: a folder's, read when the process starts, never a path from a URL.

What several of them need is in ``static/shared``.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, get_args

from litestar import Response

from gateway.http.conditional import is_known
from gateway.http.departments import AnyRequest
from gateway.http.framing import framing
from gateway.http.sign_on.rendering import language
from gateway.http.sign_on.texts import Lang

_STATIC = Path(__file__).parent / "static"
_MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_LANGUAGES: tuple[Lang, ...] = get_args(Lang)
_POLICY = (  # Trusted Types: that what somebody writes became markup is impossible, not only avoided
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",  # asked for each time, by ETag: scripts of two releases must not meet
}


class _File(NamedTuple):
    content: bytes
    media_type: str
    etag: str


class StaticPages:
    """The pages (``.html``) of a folder below ``static``, and their files.

    ``framed_by`` are the origins that may frame them. A page that asks is told: it talks with those alone.
    """

    def __init__(self, folder: str, framed_by: Sequence[str] = ()) -> None:
        here, told = _STATIC / folder, b'framed-by" content="%s"' % " ".join(framed_by).encode()
        self._headers = {**_HEADERS, **framing(_POLICY, framed_by)}
        self._pages = {
            (path.stem, lang): _file(
                path.read_bytes()
                .replace(b'lang="zh"', b'lang="%s"' % lang.encode(), 1)
                .replace(b'framed-by" content=""', told, 1),
                ".html",
            )
            for path in here.glob("*.html")
            for lang in _LANGUAGES
        }
        self._files = {
            path.name: _file(path.read_bytes(), path.suffix)
            for path in (*(_STATIC / "shared").iterdir(), *here.iterdir())
            if path.suffix in _MEDIA_TYPES
        }

    def page(self, request: AnyRequest, name: str) -> Response[bytes]:
        """Answer with a page in the browser's language; what stands behind the ``#`` is the browser's own."""
        lang = language(request)
        return self._answer(request, self._pages[name, lang], {"content-language": lang, "vary": "accept-language"})

    def file(self, request: AnyRequest, name: str) -> Response[bytes] | None:
        """Answer with a file, None if there is no such one."""
        found = self._files.get(name)
        return None if found is None else self._answer(request, found)

    def _answer(
        self, request: AnyRequest, file: _File, more: Mapping[str, str] = MappingProxyType({})
    ) -> Response[bytes]:
        headers = {**self._headers, **more, "etag": file.etag}
        if is_known(request, file.etag):
            return Response(b"", status_code=304, headers=headers)
        return Response(file.content, media_type=file.media_type, headers=headers)


def _file(content: bytes, suffix: str) -> _File:
    return _File(content, _MEDIA_TYPES.get(suffix, "text/html"), f'"{hashlib.sha256(content).hexdigest()[:16]}"')
