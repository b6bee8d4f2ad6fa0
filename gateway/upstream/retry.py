"""Whether and when to repeat a call: safe methods only, full jitter, a budget, and the server's own Retry-After."""

import random
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime

from supergraph.wire import Request, Response

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110 §9.2.1
UNWELL = frozenset({502, 503, 504})  # the server, or a proxy before it, says that it cannot answer now

_FIRST_BACKOFF_SECONDS = 0.05
_BUDGET_SHARE = 0.1  # repeats per call: a failing service gets at most a tenth more load
_BUDGET_MOST = 10.0


class Retries:
    """One service's budget of repeats: every call earns a share of one, up to ``_BUDGET_MOST``."""

    __slots__ = ("_budget", "_jitter", "_most", "count")

    def __init__(self, most: int, jitter: Callable[[], float] = random.random) -> None:
        self._most = most
        self._jitter = jitter
        self._budget = _BUDGET_MOST
        self.count = 0

    def earn(self) -> None:
        if self._budget < _BUDGET_MOST:
            self._budget += _BUDGET_SHARE

    def delay(self, request: Request, attempt: int, seconds_left: float, *, least: float = 0.0) -> float | None:
        """Return how long to wait before repeating after ``attempt`` (from 0) failed, or ``None``: do not repeat.

        ``least`` is what the server asked for. Spends from the budget.
        """
        if request.method not in SAFE or attempt >= self._most or self._budget < 1.0:
            return None
        delay = max(least, self._jitter() * _FIRST_BACKOFF_SECONDS * (1 << attempt))
        if delay >= seconds_left:
            return None
        self._budget -= 1.0
        self.count += 1
        return delay


def retry_after_seconds(response: Response) -> float:
    """Read Retry-After (RFC 9110 §10.2.3); a date is measured against the server's own Date. 0 if there is none."""
    text = response.header(b"retry-after").decode("latin-1").strip()
    if text.isdecimal():
        return float(text[:9])
    until, since = _date(text), _date(response.header(b"date").decode("latin-1"))
    return max(0.0, (until - since).total_seconds()) if until and since else 0.0


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else None
