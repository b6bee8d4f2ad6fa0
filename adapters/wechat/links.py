"""What WeChat adds to the rules of codes and links (``adapters.links``). Pure.

Scenes stay within ``[A-Za-z0-9_-]``: WeChat allows more, but refuses ``%`` and has been seen to refuse ``&``. A link's
own expiry has been seen not to be kept, so what it leads to must end by itself.
"""

from collections.abc import Mapping

from adapters import links
from adapters.errors import LaunchRefusedError

MOST_LINK_DAYS = 30

_MOST_QUERY = 1024  # characters of generate_urllink's query
_RESERVED = "scancode_time"  # WeChat's own parameter


def link_query(query: Mapping[str, str]) -> str:
    """Encode a URL link's query. LaunchRefusedError if it is too long."""
    _check_names(query)
    text = links.encoded(query)
    if len(text) > _MOST_QUERY:
        raise LaunchRefusedError(
            f"A link's query has at most {_MOST_QUERY} characters, not {len(text)}",
            fix="Store what it stands for, and put its id into the query.",
        )
    return text


def mini_program_path(path: str, query: Mapping[str, str]) -> str:
    """Return the path with ``query`` added to what it has."""
    _check_names(query)
    return links.with_query(path, query)


def web_view_url(url: str, query: Mapping[str, str]) -> str:
    """Return the URL with ``query`` added before its fragment. LaunchRefusedError unless it is https."""
    links.check_web_view(url)
    _check_names(query)
    return links.with_query(url, query)


def check_days(days: int) -> None:
    """Raise LaunchRefusedError unless a link may live for so many days."""
    if not 1 <= days <= MOST_LINK_DAYS:
        raise LaunchRefusedError(f"A link lives 1 to {MOST_LINK_DAYS} days, not {days}", fix="Make a new one in time.")


def _check_names(query: Mapping[str, str]) -> None:
    if _RESERVED in query:
        raise LaunchRefusedError(f"{_RESERVED} is WeChat's own parameter", fix="Name yours differently.")
