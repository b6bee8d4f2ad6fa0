"""Which places are open at a moment: weekly hours, in China's time, by a calendar of duty where there is one."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from kernel.clock import CHINA
from services_catalog.search.searchable import WEEKDAYS, Place, Weekday, WeeklyHours

Duty = Callable[[str | None, date], Weekday | None]
"""The weekday whose hours hold for an organisation at a date: another one when work is made up, None on a holiday."""


def every_week(_organisation: str | None, day: date) -> Weekday | None:
    """Return the date's own weekday: no holidays."""
    return WEEKDAYS[day.weekday()]


def is_open(place: Place, moment: datetime, duty: Duty = every_week) -> bool:
    """Return whether the place is open; one that says no hours is not known to be."""
    local = moment.astimezone(CHINA)
    today, yesterday = local.date(), local.date() - timedelta(days=1)
    time = f"{local:%H:%M}"
    return any(
        (_holds(hours, today, duty(place.organisation, today)) and _within(hours, time))
        or (_holds(hours, yesterday, duty(place.organisation, yesterday)) and time < hours.closes <= hours.opens)
        for hours in place.hours
    )


def _holds(hours: WeeklyHours, day: date, weekday: Weekday | None) -> bool:
    written = day.isoformat()
    return weekday in hours.days and (hours.valid_from or "") <= written <= (hours.valid_to or "9999")


def _within(hours: WeeklyHours, time: str) -> bool:
    return hours.opens <= time and (time < hours.closes or hours.closes <= hours.opens)


class Openings:
    """The different hours of all places, each with a name by which entries are indexed: few to look at for a moment."""

    def __init__(self, duty: Duty) -> None:
        self._duty = duty
        self._names: dict[tuple[str | None, tuple[WeeklyHours, ...]], str] = {}
        self._last: tuple[datetime, int, tuple[str, ...]] | None = None

    def names(self, places: Iterable[Place]) -> set[str]:
        """Return the names of the places' hours."""
        keys = ((place.organisation, place.hours) for place in places if place.hours)
        return {self._names.setdefault(key, str(len(self._names))) for key in keys}

    def open_at(self, moment: datetime) -> tuple[str, ...]:
        """Return the names of the hours that are open; those of a minute are kept."""
        minute = moment.replace(second=0, microsecond=0)
        known = self._last
        if known is None or known[:2] != (minute, len(self._names)):
            found = (
                name
                for (of, hours), name in list(self._names.items())
                if is_open(Place(of, hours=hours), minute, self._duty)
            )
            known = self._last = (minute, len(self._names), tuple(found))
        return known[2]
