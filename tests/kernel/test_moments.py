"""How moments are written: one way to programs, by the clocks of a place to people."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from kernel.clock import CHINA, local, rfc3339


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (datetime(2026, 12, 21, 1, tzinfo=UTC), "2026-12-21T01:00:00Z"),
        (datetime(2026, 12, 21, 9, tzinfo=CHINA), "2026-12-21T01:00:00Z"),
        (datetime(2026, 12, 21, 1, 0, 0, 250_000, tzinfo=UTC), "2026-12-21T01:00:00.250000Z"),
    ],
)
def test_programs_read_utc(at: datetime, written: str) -> None:
    assert rfc3339(at) == written
    assert msgspec.json.decode(msgspec.json.encode(at.astimezone(UTC))) == written


def test_people_read_their_clocks_and_which_these_are() -> None:
    at = datetime(2026, 12, 21, 20, tzinfo=UTC)
    assert local(at, "Asia/Shanghai") == "2026-12-22 04:00 Asia/Shanghai"
    assert local(at + timedelta(hours=1), "UTC") == "2026-12-21 21:00 UTC"
