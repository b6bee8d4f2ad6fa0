"""Hours of lots: kinds of days, midnight, and the official list's days."""

from datetime import date
from typing import Any

import pytest

from flows.parking.holidays import Holidays
from flows.parking.opening import Hours, is_open
from tests.parking.tariffs import at

LISTED = Holidays({date(2026, 10, 10): "working", date(2026, 10, 1): "holiday"})
OFFICE = [{"day_kinds": ["working"], "opens": "08:00", "closes": "18:00"}]
BAR = [{"day_kinds": ["rest", "holiday"], "opens": "18:00", "closes": "02:00"}]


@pytest.mark.parametrize(
    ("hours", "moment", "open_"),
    [
        (OFFICE, "11-02 07:59", False),
        (OFFICE, "11-02 08:00", True),
        (OFFICE, "11-02 17:59", True),
        (OFFICE, "11-02 18:00", False),
        (OFFICE, "11-07 12:00", False),  # a Saturday
        (OFFICE, "10-10 12:00", True),  # a Saturday that people work on
        (OFFICE, "10-01 12:00", False),  # a Thursday, and a holiday
        (BAR, "11-07 17:59", False),
        (BAR, "11-07 23:59", True),
        (BAR, "11-08 01:59", True),
        (BAR, "11-09 01:59", True),  # the night of Sunday to Monday
        (BAR, "11-09 18:30", False),
        (BAR, "11-07 01:00", False),  # the night of Friday
        ([{"opens": "00:00", "closes": "24:00"}], "11-02 00:00", True),
        ([{"opens": "06:00", "closes": "06:00"}], "11-02 05:59", True),
        ([], "11-02 12:00", False),
    ],
)
def test_open_or_not(hours: list[dict[str, Any]], moment: str, open_: bool) -> None:  # noqa: FBT001 - a case's value
    assert is_open([Hours(**each) for each in hours], at(moment), LISTED) is open_
