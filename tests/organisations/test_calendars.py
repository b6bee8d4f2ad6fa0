"""Duty calendars: arithmetic against counting, files, and who has whose. The holidays here are made up."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import CHINA, ManualClock
from kernel.database import Database
from services_catalog.organisations import duty
from services_catalog.organisations.calendar_file import day_of, read_calendars
from services_catalog.organisations.calendars import Calendar, Day, Span, add_working_days, is_open, next_open
from services_catalog.organisations.errors import FileRefusedError, UnknownCalendarError
from tests.organisations.city import MONDAY, load_rows, row

pytestmark = pytest.mark.case("issue-4.1")
USUAL = day_of("working", "09:00-12:00 13:30-17:30")
CLOSED = Day("closed")
WEEK = (*[USUAL] * 5, day_of("open", "09:00-12:00"), CLOSED)
LANTERNS = {MONDAY + timedelta(days=2): CLOSED, MONDAY + timedelta(days=6): USUAL}  # Sunday for Wednesday
OFFICE = Calendar("office", WEEK, LANTERNS)
FILE = b"""calendar,day,kind,hours,note,source
office,mon,working,09:00-12:00 13:30-17:30,,
office,tue,working,,,
office,sat,open,09:00-12:00,,
office,2026-12-02,closed,,lanterns,made up
office,2026-12-06,working,,in exchange,made up
"""

_days = st.dates(MONDAY - timedelta(days=30), MONDAY + timedelta(days=30))
_kinds = st.sampled_from([USUAL, CLOSED, day_of("open", "00:00-24:00"), Day("working")])
_calendars = st.builds(
    Calendar,
    st.just("any"),
    st.tuples(*[_kinds] * 7).filter(lambda week: any(day.kind == "working" for day in week)),
    st.dictionaries(_days, _kinds, max_size=6),
)


@pytest.mark.parametrize(("number", "expected"), [(0, 0), (1, 1), (2, 3), (3, 4), (4, 6), (5, 7), (-1, -3), (-5, -7)])
def test_working_days_are_counted_from_the_next_day(number: int, expected: int) -> None:
    assert add_working_days(OFFICE, MONDAY, number) == MONDAY + timedelta(days=expected)


@given(_calendars, _days, st.integers(1, 25))
def test_working_days_are_those_that_one_counts(calendar: Calendar, day: date, number: int) -> None:
    end = add_working_days(calendar, day, number)
    between = [day + timedelta(days=ahead) for ahead in range(1, (end - day).days + 1)]
    assert sum(calendar.on(each).kind == "working" for each in between) == number
    assert calendar.on(end).kind == "working"


def test_a_calendar_without_working_days_is_an_error() -> None:
    with pytest.raises(ValueError, match="no working day"):
        add_working_days(Calendar("never", (CLOSED,) * 7, {}), MONDAY, 1)
    assert next_open(Calendar("never", (CLOSED,) * 7, {}), datetime(2026, 1, 1, tzinfo=UTC)) is None


@given(_calendars, st.datetimes(datetime(2026, 11, 1), datetime(2026, 12, 31), timezones=st.just(CHINA)))  # noqa: DTZ001 - the strategy adds the zone
def test_it_opens_at_the_first_open_minute(calendar: Calendar, at: datetime) -> None:
    opens = next_open(calendar, at)
    if opens is None:
        assert all(not day.hours for day in calendar.week)
        return
    assert is_open(calendar, opens)
    assert opens >= at
    minutes = int((opens - at).total_seconds() // 60)
    assert not any(is_open(calendar, at + timedelta(minutes=each)) for each in range(0, minutes, 17))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-30 08:59", False),
        ("2026-11-30 09:00", True),
        ("2026-11-30 12:00", False),
        ("2026-12-02 10:00", False),
        ("2026-12-05 10:00", True),
        ("2026-12-06 10:00", True),
    ],
)
def test_hours_begin_with_their_first_minute_and_end_before_their_last(at: str, *, expected: bool) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=CHINA)
    assert is_open(OFFICE, moment) is is_open(OFFICE, moment.astimezone(UTC)) is expected


def test_a_night_without_summer_time_s_hour_opens_where_the_clock_says() -> None:
    calendar = Calendar("berlin", (day_of("working", "09:00-12:00"),) * 7, {}, "Europe/Berlin")
    saturday = datetime(2026, 3, 28, 13, tzinfo=ZoneInfo("Europe/Berlin"))
    assert next_open(calendar, saturday) == datetime(2026, 3, 29, 7, tzinfo=UTC)


def test_a_file_s_defects_are_named() -> None:
    data = b"""calendar,day,kind,hours
Office,mon,working,09:00-12:00
office,someday,working,
office,mon,working,
office,tue,closed,09:00-10:00
office,wed,open,12:00-09:00
office,thu,half,
office,fri,open,09:00-10:00
office,fri,open,09:00-10:00
"""
    with pytest.raises(FileRefusedError) as raised:
        read_calendars(data)
    assert [each.line for each in raised.value.findings] == [2, 3, 4, 5, 6, 7, 9]


async def test_a_calendar_is_stored_and_added_to(database: Database) -> None:
    async with database.session() as session:
        assert await duty.store(session, read_calendars(FILE), "Asia/Shanghai") == ["office"]
    more = b"calendar,day,kind,hours\noffice,2027-01-04,open,10:00-11:00\noffice,wed,working,\n"
    for _ in range(2):
        async with database.session() as session:
            await duty.store(session, read_calendars(more), "Asia/Shanghai")
    async with database.session() as session:
        found = await duty.calendar(session, "office")
        with pytest.raises(UnknownCalendarError):
            await duty.calendar(session, "none")
    assert found.week == (USUAL, USUAL, USUAL, CLOSED, CLOSED, WEEK[5], CLOSED)
    assert found.days == LANTERNS | {date(2027, 1, 4): Day("open", (Span(600, 660),))}


async def test_who_has_no_calendar_has_that_of_the_nearest_above(city: Database, clock: ManualClock) -> None:
    async with city.session() as session:
        assert await duty.calendar_of(session, MONDAY, "grid") is None
        await duty.store(session, read_calendars(FILE + b"night,mon,open,22:00-24:00,,\n"), "Asia/Shanghai")
    east = row("east", "city", tier="district", kind="government", name_zh="东区", calendar="night")
    await load_rows(city, clock, [east, row("city", tier="city", kind="government", calendar="office")])
    async with city.session() as session:
        for code, expected in (("grid", "night"), ("east", "night"), ("west-health", "office"), ("city", "office")):
            found = await duty.calendar_of(session, MONDAY, code)
            assert found is not None
            assert found.name == expected
