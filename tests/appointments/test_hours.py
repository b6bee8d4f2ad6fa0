"""Which slots a day has: rules, holidays, exchanged days, exceptions, and zones that change their clocks."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from flows.appointments.hours import Opening, Planned, planned
from services_catalog.organisations.calendars import Calendar, Day, Span

_WORKING, _CLOSED = Day("working", (Span(540, 1020),)), Day("closed")
_WEEK = (*[_WORKING] * 5, _CLOSED, _CLOSED)
HALF_HOUR = timedelta(minutes=30)


def calendar(zone: str = "Asia/Shanghai", **days: Day) -> Calendar:
    found = {date.fromisoformat(name.replace("d", "").replace("_", "-")): kind for name, kind in days.items()}
    return Calendar("city", _WEEK, found, zone)


def opening(*days: str, begin: int = 9, end: int = 12, since: date | None = None, until: date | None = None) -> Opening:
    return Opening(uuid4(), days or ("working",), begin * 60, end * 60, (1, 0, 0, 0), since, until)


def times(slots: list[Planned], zone: str = "Asia/Shanghai") -> list[str]:
    return [each.starts_at.astimezone(ZoneInfo(zone)).strftime("%H:%M") for each in slots]


def test_a_working_day_has_whole_slots_in_order() -> None:
    slots = planned([opening(begin=9, end=10), opening(begin=13, end=14)], calendar(), date(2026, 12, 1), HALF_HOUR)
    assert times(slots) == ["09:00", "09:30", "13:00", "13:30"]
    assert all(each.ends_at - each.starts_at == HALF_HOUR for each in slots)
    assert planned([opening(begin=9, end=10)], calendar(), date(2026, 12, 1), timedelta(minutes=45))[-1].starts_at == (
        datetime(2026, 12, 1, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("day", "number"),
    [
        pytest.param(date(2026, 12, 1), 2, id="a Tuesday"),
        pytest.param(date(2026, 12, 5), 0, id="a Saturday"),
        pytest.param(date(2026, 12, 7), 0, id="a Monday that is a holiday"),
        pytest.param(date(2026, 12, 12), 2, id="a Saturday that is worked in exchange"),
    ],
)
def test_working_days_are_the_calendars(day: date, number: int) -> None:
    named = calendar(d2026_12_07=_CLOSED, d2026_12_12=_WORKING)
    assert len(planned([opening(end=10)], named, day, HALF_HOUR)) == number


def test_a_weekday_holds_unless_the_calendar_closes_that_day_by_name() -> None:
    saturday = opening("sat", end=10)
    assert len(planned([saturday], calendar(), date(2026, 12, 5), HALF_HOUR)) == 2
    assert planned([saturday], calendar(d2026_12_05=_CLOSED), date(2026, 12, 5), HALF_HOUR) == []
    assert planned([saturday], calendar(), date(2026, 12, 4), HALF_HOUR) == []


def test_a_weekend_that_is_worked_in_exchange_is_a_working_day_and_nothing_else() -> None:
    saturday, usual = opening("sat", begin=9, end=10), opening(begin=13, end=14)
    exchanged = calendar(d2026_12_05=_WORKING)
    assert times(planned([saturday, usual], exchanged, date(2026, 12, 5), HALF_HOUR)) == ["13:00", "13:30"]
    assert times(planned([saturday, usual], calendar(), date(2026, 12, 5), HALF_HOUR)) == ["09:00", "09:30"]


def test_slots_of_two_schedules_never_overlap() -> None:
    one, other = opening("tue", begin=9, end=10), Opening(uuid4(), ("tue",), 9 * 60 + 10, 10 * 60 + 40, (1, 0, 0, 0))
    assert times(planned([one, other], calendar(), date(2026, 12, 1), HALF_HOUR)) == ["09:00", "09:30", "10:10"]


def test_a_schedule_holds_from_its_first_to_its_last_day() -> None:
    limited = opening(end=10, since=date(2026, 12, 1), until=date(2026, 12, 2))
    assert [
        len(planned([limited], calendar(), date(2026, 12, day), HALF_HOUR)) for day in (1, 2, 3)
    ] == [2, 2, 0]  # fmt: skip


def test_an_exception_cuts_the_hours_or_closes_the_day() -> None:
    cut = planned([opening()], calendar(), date(2026, 12, 1), HALF_HOUR, [Span(570, 630), Span(700, 720)])
    assert times(cut) == ["09:30", "10:00"]
    assert planned([opening()], calendar(), date(2026, 12, 1), HALF_HOUR, []) == []


def test_an_hour_that_does_not_exist_has_no_slots_and_one_that_comes_twice_has_them_twice() -> None:
    sunday = opening("sun", begin=1, end=4)
    spring = planned([sunday], calendar("Europe/Berlin"), date(2027, 3, 28), HALF_HOUR)
    assert times(spring, "Europe/Berlin") == ["01:00", "01:30", "03:00", "03:30"]
    autumn = planned([sunday], calendar("Europe/Berlin"), date(2026, 10, 25), HALF_HOUR)
    assert times(autumn, "Europe/Berlin") == ["01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00", "03:30"]
    begins = planned([opening("sun", begin=2, end=4)], calendar("Europe/Berlin"), date(2027, 3, 28), HALF_HOUR)
    assert times(begins, "Europe/Berlin") == ["03:00", "03:30"]
