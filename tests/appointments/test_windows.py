"""From when to when times can be booked, also where clocks are changed at the hour of the release."""

from datetime import UTC, datetime, timedelta

import pytest

from flows.appointments.tables import AppointmentService
from flows.appointments.windows import release_of, released_until

BERLIN = "Europe/Berlin"


def service(release_minute: int) -> AppointmentService:
    return AppointmentService(
        code="a", department="d", name_zh="a", letter="A", minutes=30, days=14, release_minute=release_minute,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize("minute", [0, 150, 540, 1439])
@pytest.mark.parametrize("day", [datetime(2027, 3, 28, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
def test_what_is_released_never_comes_before_its_release_nor_goes_again(minute: int, day: datetime) -> None:
    of, before = service(minute), datetime.min.replace(tzinfo=UTC)
    for step in range(-2 * 96, 2 * 96):
        now = day + timedelta(minutes=15 * step)
        until = released_until(of, now, BERLIN)
        assert before <= until
        assert release_of(of, until - timedelta(seconds=1), BERLIN) <= now < release_of(of, until, BERLIN)
        before = until
