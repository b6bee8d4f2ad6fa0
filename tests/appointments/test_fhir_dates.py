"""FHIR's date parameters: prefixes, days and moments."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.appointments.fhir.dates import span_of
from flows.appointments.fhir.errors import FhirParameterError
from kernel.clock import CHINA

_day = st.dates(datetime(2020, 1, 1, tzinfo=UTC).date(), datetime(2030, 1, 1, tzinfo=UTC).date())


@given(_day, st.sampled_from(["", "eq", "ge", "gt", "le", "lt"]), st.timedeltas(timedelta(-2), timedelta(2)))
def test_a_day_is_a_day_in_china(day: datetime, prefix: str, apart: timedelta) -> None:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=CHINA) + apart
    theirs = at.astimezone(CHINA).date()
    is_in = {"ge": theirs >= day, "gt": theirs > day, "le": theirs <= day, "lt": theirs < day}
    begin, end = span_of("start", [f"{prefix}{day.isoformat()}"])
    assert (begin <= at < end) == is_in.get(prefix, theirs == day)


@pytest.mark.parametrize(
    ("text", "begin", "seconds"),
    [
        ("2026-12-01T09:00:00Z", datetime(2026, 12, 1, 9, tzinfo=UTC), 1),
        ("eq2026-12-01T09:00+08:00", datetime(2026, 12, 1, 1, tzinfo=UTC), 60),
        ("2026-12-01T09:00 08:00", datetime(2026, 12, 1, 1, tzinfo=UTC), 60),  # a plus that was not encoded
    ],
)
def test_a_moment_is_as_long_as_it_is_written(text: str, begin: datetime, seconds: int) -> None:
    assert span_of("start", [text]) == (begin, begin + timedelta(seconds=seconds))


def test_all_values_hold() -> None:
    begin, end = span_of("start", ["ge2026-12-01T00:00:00Z", "lt2026-12-03T00:00:00Z", "lt2026-12-02T00:00:00Z"])
    assert (begin, end) == (datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    "text", ["", "ne2026-12-01", "2026-13-01", "0001-01-01", "2026-12-01T25:00Z", "2026-12", "٢026-12-01"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(FhirParameterError):
        span_of("start", [text])
