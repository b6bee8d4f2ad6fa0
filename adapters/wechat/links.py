"""What codes and links into a mini-program may hold, checked before WeChat is asked. Pure.

Everything is percent-encoded once, here. Scenes stay within ``[A-Za-z0-9_-]``: WeChat allows more, but refuses ``%``
and has been seen to refuse ``&``. A link's own expiry has been seen not to be kept, so what it leads to must end by
itself.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from adapters.channel import MiniCode
from adapters.errors import LaunchRefusedError

MOST_LINK_DAYS = 30

_SCENE = re.compile(r"[A-Za-z0-9_-]{1,32}")
_PAGE = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
_NARROWEST_PX, _WIDEST_PX = 280, 1280
_MOST_QUERY = 1024  # characters of generate_urllink's query
_RESERVED = "scancode_time"  # WeChat's own parameter


def check_code(code: MiniCode) -> None:
    """Raise LaunchRefusedError for a code that WeChat would refuse or open wrongly."""
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


def encoded(query: Mapping[str, str]) -> str:
    """Encode a query once; a space becomes ``%20``, for clients that decode with decodeURIComponent."""
    if _RESERVED in query:
        raise LaunchRefusedError(f"{_RESERVED} is WeChat's own parameter", fix="Name yours differently.")
    return urlencode(query, quote_via=quote, safe="")


def link_query(query: Mapping[str, str]) -> str:
    """Encode a URL link's query. LaunchRefusedError if it is too long."""
    text = encoded(query)
    if len(text) > _MOST_QUERY:
        raise LaunchRefusedError(
            f"A link's query has at most {_MOST_QUERY} characters, not {len(text)}",
            fix="Store what it stands for, and put its id into the query.",
        )
    return text


def mini_program_path(path: str, query: Mapping[str, str]) -> str:
    """Return the path with ``query`` added to what it has."""
    return _added(path, query)


def web_view_url(url: str, query: Mapping[str, str]) -> str:
    """Return the URL with ``query`` added before its fragment. LaunchRefusedError unless it is https."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        raise LaunchRefusedError("A web-view opens https addresses only", fix="Give the whole https address.")
    bare, hash_sign, fragment = url.partition("#")
    return _added(bare, query) + hash_sign + fragment


def check_days(days: int) -> None:
    """Raise LaunchRefusedError unless a link may live for so many days."""
    if not 1 <= days <= MOST_LINK_DAYS:
        raise LaunchRefusedError(f"A link lives 1 to {MOST_LINK_DAYS} days, not {days}", fix="Make a new one in time.")


def _added(target: str, query: Mapping[str, str]) -> str:
    return f"{target}{'&' if '?' in target else '?'}{encoded(query)}" if query else target
