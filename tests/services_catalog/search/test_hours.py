"""Which places are open at a moment, in China's time."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services_catalog.search.hours import Openings, is_open
from services_catalog.search.searchable import WEEKDAYS, Place, Weekday, WeeklyHours

WORKDAYS = WEEKDAYS[:5]
OFFICE = Place("office", hours=(WeeklyHours(WORKDAYS, "09:00", "12:00"), WeeklyHours(WORKDAYS, "13:30", "17:00")))
NIGHT = Place("night", hours=(WeeklyHours(("FR",), "22:00", "02:00"),))
SUMMER = Place("pool", hours=(WeeklyHours(WEEKDAYS, "09:00", "20:00", "2026-06-01", "2026-08-31"),))


def china(text: str) -> datetime:
    return (datetime.fromisoformat(text) - timedelta(hours=8)).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("place", "moment", "expected"),
    [
        (OFFICE, "2026-04-30T09:00", True),  # a Thursday
        (OFFICE, "2026-04-30T08:59", False),
        (OFFICE, "2026-04-30T12:00", False),
        (OFFICE, "2026-04-30T13:30", True),
        (OFFICE, "2026-05-02T10:00", False),  # a Saturday
        (NIGHT, "2026-05-01T23:00", True),
        (NIGHT, "2026-05-02T01:59", True),
        (NIGHT, "2026-05-02T02:00", False),
        (NIGHT, "2026-05-01T01:00", False),
        (SUMMER, "2026-08-31T10:00", True),
        (SUMMER, "2026-09-01T10:00", False),
        (Place("unknown"), "2026-04-30T10:00", False),
    ],
)
def test_a_place_is_open_within_its_hours(place: Place, moment: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_open(place, china(moment)) is expected


def test_a_calendar_of_duty_makes_holidays_and_working_weekends() -> None:
    def duty(organisation: str | None, day: date) -> Weekday | None:
        assert organisation == "office"
        return {date(2026, 5, 1): None, date(2026, 5, 9): "FR"}.get(day, WEEKDAYS[day.weekday()])

    assert not is_open(OFFICE, china("2026-05-01T10:00"), duty)
    assert is_open(OFFICE, china("2026-05-09T10:00"), duty)


def test_hours_that_many_places_share_have_one_name() -> None:
    openings = Openings(lambda _, day: WEEKDAYS[day.weekday()])
    assert openings.names([OFFICE, OFFICE, NIGHT, Place()]) == {"0", "1"}
    assert openings.open_at(china("2026-04-30T10:00")) == ("0",)
    assert openings.open_at(china("2026-05-01T23:00")) == ("1",)
