"""The injected clock: whoever needs the time is given one, so that tests can move it."""

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol
from zoneinfo import ZoneInfo

CHINA = timezone(timedelta(hours=8))  # whose days people mean; it has had no summer time since 1991


def rfc3339(at: datetime) -> str:
    """Write a moment as all answers do, and msgspec: in UTC with ``Z``, parts of a second only if there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def local(at: datetime, zone: str) -> str:
    """Write a moment for people as the clocks of a zone show it, and which: ``2026-12-21 09:00 Asia/Shanghai``."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"


class Clock(Protocol):
    """Tells the time, always with a time zone."""

    def now(self) -> datetime: ...


class SteadyClock(Clock, Protocol):
    """Also tells a time that goes on evenly while the process runs, whoever sets the clock. Only differences count."""

    def steady(self) -> timedelta: ...


class SystemClock:
    """The machine's time in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def steady(self) -> timedelta:
        return timedelta(seconds=time.monotonic())


class ManualClock:
    """Stands still until moved: simulators and tests."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs a time with a time zone")
        self._now = start
        self._steady = timedelta(0)

    def now(self) -> datetime:
        return self._now

    def steady(self) -> timedelta:
        return self._steady

    def advance(self, by: timedelta) -> None:
        self._now += by
        self._steady += by

    def jump(self, by: timedelta) -> None:
        """Be set to another time: none passes."""
        self._now += by
