"""Which kind of day a day is: as its weekday says, unless the official yearly list says otherwise. Pure."""

from collections.abc import Mapping
from datetime import date

from flows.parking.tables import DayKind

_EPOCH = date(1970, 1, 1).toordinal()
_MONDAY = 4  # 5 January 1970, counted in days from the first


class Holidays:
    """The days of a region that are not like their weekday: holidays, and weekends on which people make up for them."""

    def __init__(self, days: Mapping[date, DayKind]) -> None:
        self._days = {day.toordinal() - _EPOCH: kind for day, kind in days.items()}

    def of(self, day: date) -> DayKind:
        """Of a day."""
        return self.kind(day.toordinal() - _EPOCH)

    def kind(self, day: int) -> DayKind:
        """Of a day counted from 1 January 1970."""
        return self._days.get(day) or ("rest" if (day - _MONDAY) % 7 >= 5 else "working")
