"""When a lot is open: hours by the kind of day, as its operator says them. Pure.

Hours that close no later than they open go on into the next day. A lot that says none is not known to be open.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta, Struct

from flows.parking.holidays import Holidays
from flows.parking.tables import DayKind
from flows.parking.tariff_data import minute_of
from kernel.clock import CHINA

Time = Annotated[
    str, Meta(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", description="Write HH:MM, from 00:00 to 24:00.")
]


class Hours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Hours of a day, in UTC+8; no ``day_kinds``: of every day."""

    opens: Time
    closes: Time
    day_kinds: list[DayKind] = []


def is_open(hours: Iterable[Hours], at: datetime, holidays: Holidays) -> bool:
    """Whether a lot with these hours is open."""
    local = at.astimezone(CHINA)
    minute, today = local.hour * 60 + local.minute, local.date()
    yesterday = today - timedelta(days=1)
    for each in hours:
        begin, end = minute_of(each.opens), minute_of(each.closes)
        kinds = each.day_kinds or (holidays.of(today), holidays.of(yesterday))
        if holidays.of(today) in kinds and begin <= minute and (minute < end or end <= begin):
            return True
        if holidays.of(yesterday) in kinds and minute < end <= begin:
            return True
    return False
