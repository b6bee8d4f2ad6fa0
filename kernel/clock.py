"""The injected clock: whoever needs the time is given one, so that tests can move it."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

CHINA = timezone(timedelta(hours=8))  # whose days people mean; it has had no summer time since 1991


class Clock(Protocol):
    """Tells the time, always with a time zone."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's time in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """Stands still until moved: simulators and tests."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs a time with a time zone")
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by
