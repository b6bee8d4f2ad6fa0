"""When somebody who waits could come: days and hours. Pure."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from flows.appointments.errors import WaitlistRefusedError
from flows.appointments.hours import WEEKDAYS

MOST_WINDOWS = 7
MOST_DAYS = 90
"""A wish ends by itself: nobody is called in a year's time for what they no longer want."""


class Window(Struct, frozen=True):
    """Days from ``first`` to ``last``, of ``weekdays`` alone if there are any; hours as minutes of the office's day."""

    first: date
    last: date
    begin: int
    end: int
    weekdays: tuple[str, ...] = ()

    def has_day(self, day: date) -> bool:
        """Whether a day is one of its own, whatever the hour."""
        return self.first <= day <= self.last and (not self.weekdays or WEEKDAYS[day.weekday()] in self.weekdays)

    def has(self, starts_at: datetime, ends_at: datetime, zone: str) -> bool:
        """Whether a visit lies within it."""
        begin, end = starts_at.astimezone(ZoneInfo(zone)), ends_at.astimezone(ZoneInfo(zone))
        midnight = datetime.combine(begin.date(), time(), begin.tzinfo)
        return (
            self.has_day(begin.date())
            and begin.hour * 60 + begin.minute >= self.begin
            and end <= midnight + timedelta(minutes=self.end)
        )


def check_windows(windows: Iterable[Window], today: date) -> None:
    """Refuse windows that are over, too far or too many. Raises WaitlistRefusedError."""
    given = list(windows)
    if not 1 <= len(given) <= MOST_WINDOWS:
        raise WaitlistRefusedError(f"{len(given)} windows are given", fix=f"Give 1 to {MOST_WINDOWS}.")
    for each in given:
        if each.begin >= each.end or each.first > each.last:
            raise WaitlistRefusedError("A window ends before it begins", fix="Give the earlier day or hour first.")
        if each.last < today or each.last > today + timedelta(days=MOST_DAYS):
            raise WaitlistRefusedError(
                f"A window ends on {each.last}", fix=f"Its last day is one of the next {MOST_DAYS}."
            )
        if unknown := [day for day in each.weekdays if day not in WEEKDAYS]:
            raise WaitlistRefusedError(f"{unknown[0]!r} is no weekday", fix=f"Write {', '.join(WEEKDAYS)}.")


def over_at(windows: Iterable[Window], zone: str) -> datetime:
    """Return when the last day of all windows is over."""
    return datetime.combine(max(each.last for each in windows) + timedelta(days=1), time(), ZoneInfo(zone))
