"""Clocks that are changed, or that differ: a time is a moment, whatever a wall or another process says of it."""

from datetime import UTC, datetime, timedelta

import pytest

from flows.appointments.errors import NotBookableError, TakenError
from flows.appointments.holding import hold
from kernel.clock import ManualClock
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall, on

BERLIN = "".join(["calendar,day,kind,hours\n", *(f"city,{day},working,00:00-24:00\n" for day in (
    "mon", "tue", "wed", "thu", "fri", "sat", "sun"
))]).encode()  # fmt: skip
NIGHT = {"days": ["sat", "sun"], "hours": "01:00-05:00", "places": {"public": 1}}


@pytest.fixture
async def at_night(bare_hall: Hall) -> Hall:
    """A registry in a zone with summer time, that serves couples in the night in which clocks are changed."""
    window = {**WINDOW, "schedules": [NIGHT]}
    bare_hall.clock.advance(datetime(2027, 3, 20, tzinfo=UTC) - bare_hall.clock.now())
    service = {**SERVICE, "minutes": 60, "most_active": 9, "lead_minutes": 0}
    await bare_hall.build(service, offices=[{**OFFICE, "resources": [window]}], calendar=BERLIN, zone="Europe/Berlin")
    return bare_hall


async def test_an_hour_that_does_not_exist_is_not_booked_and_lengths_are_true(at_night: Hall) -> None:
    one = await at_night.resident()
    skipped = datetime.fromisoformat("2027-03-28T02:00:00+01:00")  # which is 03:00 in summer time
    booked = await at_night.book(one, skipped - timedelta(minutes=30))
    assert booked.ends_at - booked.starts_at == timedelta(minutes=60)
    with pytest.raises(TakenError) as refused:
        await at_night.hold(await at_night.resident(), skipped)
    assert "2027-03-28T01:30:00Z" in refused.value.next_free  # 03:30 on the wall: an hour is missing in between
    with pytest.raises(TakenError):
        await at_night.hold(one, datetime.fromisoformat("2027-03-28T05:00:00+02:00"))


async def test_an_hour_that_comes_twice_is_booked_twice(at_night: Hall) -> None:
    at_night.clock.advance(datetime(2027, 10, 25, tzinfo=UTC) - at_night.clock.now())
    await at_night.work()
    summer = datetime.fromisoformat("2027-10-31T02:00:00+02:00")
    winter = datetime.fromisoformat("2027-10-31T02:00:00+01:00")
    first = await at_night.book(await at_night.resident(), summer)
    second = await at_night.book(await at_night.resident(), winter)
    assert second.starts_at - first.starts_at == timedelta(hours=1)
    assert {*first.slot_ids} & {*second.slot_ids} == set()


@pytest.mark.parametrize("skew", [timedelta(seconds=-90), timedelta(seconds=90)])
async def test_processes_whose_clocks_differ_never_sell_a_place_twice(bare_hall: Hall, skew: timedelta) -> None:
    window = {**WINDOW, "schedules": [{"days": ["working"], "hours": "09:00-12:00", "places": {"public": 1}}]}
    await bare_hall.build(offices=[{**OFFICE, "resources": [window]}])
    one, other = await bare_hall.residents(2)
    nine, wanted = on("12-01", "09:00"), await bare_hall.wanted()
    elsewhere = bare_hall.desk()
    elsewhere = type(elsewhere)(
        ManualClock(bare_hall.clock.now() + skew), elsewhere.cipher, elsewhere.turnstile, elsewhere.offered
    )
    held = await bare_hall.hold(one, nine)
    with pytest.raises(TakenError):
        await hold(elsewhere, str(other), wanted, nine)
    assert (await bare_hall.confirm(one, held)).state == "confirmed"
    with pytest.raises(TakenError):
        await hold(elsewhere, str(other), wanted, nine)


async def test_a_moment_that_is_over_for_the_process_that_confirms_is_refused(hall: Hall) -> None:
    one, wanted = await hall.resident(), await hall.wanted()
    behind = hall.desk()
    behind = type(behind)(ManualClock(hall.clock.now()), behind.cipher, behind.turnstile, behind.offered)
    eleven = on("11-30", "11:00")
    held = await hold(behind, str(one), wanted, eleven)
    hall.clock.advance(timedelta(hours=1, seconds=1))
    with pytest.raises(NotBookableError, match="over"):
        await hall.confirm(one, held)
