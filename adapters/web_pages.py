"""What the host apps' own sign-in pages have in common: an address to lead to, and a code that comes back."""

import logging
from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from adapters.errors import HostSignInCancelledError

PageAddress = Annotated[str, Meta(pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$")]
"""Where a host's sign-in page is: a whole address without a query."""

_log = logging.getLogger(__name__)


def brought_code(brought: Mapping[str, str], name: str, host: str) -> str:
    """Return the code in the query that a browser came back with. HostSignInCancelledError if there is none."""
    if code := brought.get(name, ""):
        return code
    if (error := brought.get("error", "access_denied")) != "access_denied":  # more than somebody's own decision
        _log.warning("%s let nobody sign in on the web", host, extra={"error": error[:80]})
    raise HostSignInCancelledError(f"{host} let nobody sign in", fix="Try again, or sign in another way.")
