"""When a host is asked again: soon at first, then less and less, and for as long as the answer may still change."""

from datetime import datetime, timedelta

_FIRST = timedelta(seconds=5)
_LONGEST = timedelta(hours=1)
_AFTER_THE_END = timedelta(seconds=2)  # the hosts' clocks are not ours
UNHEARD_IS_OVER = timedelta(minutes=10)  # after its end, an order that a host does not know cannot be paid there
LATE = tuple(timedelta(minutes=each) for each in (10, 60, 360, 1560))
"""After an attempt is closed: hosts repeat callbacks for up to 25 hours, and have reported money for closed orders."""


def grown(times: int) -> timedelta:
    """Return how long to wait after something was done so many times."""
    return min(_FIRST * (1 << min(times, 12)), _LONGEST)


def next_query(queries: int, now: datetime, expires_at: datetime) -> timedelta:
    """Return how long to wait before a live attempt is asked about again; not beyond its end, which is acted upon."""
    wait = grown(queries)
    end = expires_at + _AFTER_THE_END - now
    return min(wait, end) if end > timedelta(0) else wait


def next_late_query(closed_at: datetime, now: datetime) -> timedelta | None:
    """Return how long to wait before a closed attempt is asked about again, None if it is final."""
    return next((closed_at + each - now for each in LATE if closed_at + each > now), None)
