"""What codes and links into any mini-program may hold, checked before a host is asked. Pure.

Everything is percent-encoded once, here (FM-31). A scene stays within what every host takes.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from adapters.channel import MiniCode
from adapters.errors import LaunchRefusedError

_SCENE = re.compile(r"[A-Za-z0-9_-]{1,32}")
_PAGE = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
_NARROWEST_PX, _WIDEST_PX = 280, 1280  # WeChat's and Baidu's


def check_code(code: MiniCode) -> None:
    """Raise LaunchRefusedError for a code that a host would refuse or open wrongly."""
    if not _SCENE.fullmatch(code.scene):
        raise LaunchRefusedError(
            "A mini-code's scene has 1 to 32 of A-Z, a-z, 0-9, - and _",
            fix="Store what it stands for, and put a random id of 22 characters into the scene.",
        )
    check_page(code.page)
    if not _NARROWEST_PX <= code.width_px <= _WIDEST_PX:
        raise LaunchRefusedError(
            f"A mini-code is {_NARROWEST_PX} to {_WIDEST_PX} pixels wide, not {code.width_px}",
            fix="Ask for a width in between and scale the image.",
        )


def check_page(page: str) -> None:
    """Raise LaunchRefusedError unless ``page`` is written like ``pages/park/pay``."""
    if not _PAGE.fullmatch(page):
        raise LaunchRefusedError(
            "A page is written like pages/park/pay: no slash at its start, no query",
            fix="Put the query beside the page, not into it.",
        )


def check_web_view(url: str) -> None:
    """Raise LaunchRefusedError unless ``url`` is a plain https address."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        raise LaunchRefusedError("A web-view opens https addresses only", fix="Give the whole https address.")


def encoded(query: Mapping[str, str]) -> str:
    """Encode a query once; a space becomes ``%20``, for clients that decode with decodeURIComponent."""
    return urlencode(query, quote_via=quote, safe="")


def with_query(target: str, query: Mapping[str, str]) -> str:
    """Return the path or address with ``query`` added to what it has, before its fragment."""
    if not query:
        return target
    bare, hash_sign, fragment = target.partition("#")
    return f"{bare}{'&' if '?' in bare else '?'}{encoded(query)}{hash_sign}{fragment}"
