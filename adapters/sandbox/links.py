"""Web addresses among what is scanned: every host app opens them, in the browser that it has inside."""

from collections.abc import Mapping
from urllib.parse import urlsplit


def opened_link(text: str) -> Mapping[str, str] | None:
    """Return what is opened for a web address, None if the text is none."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    return {"url": text, "path": parts.path, "query": parts.query}
