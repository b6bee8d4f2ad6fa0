"""Nobody waits for what they could book: they are told of it instead. What they could not have counts for nothing."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from flows.appointments.deps import Deps
from flows.appointments.draw import releases
from flows.appointments.draw.releases import release_for
from flows.appointments.errors import WaitlistNeedlessError
from flows.appointments.holding import release
from flows.appointments.waitlist import joining
from flows.appointments.waitlist.joining import Wish
from flows.appointments.waitlist.wishes import Window
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall, on
from tests.statements import asked, reads

__all__ = ["asked"]

NINE = on("12-01", "09:00")
HALF = timedelta(minutes=30)
MORNING = Window(date(2026, 12, 1), date(2026, 12, 1), 540, 600)
ANNEX = {**OFFICE, "code": "annex", "name_zh": "分处"}


def office(of: dict[str, Any] = OFFICE, **places: int) -> dict[str, Any]:
    hours = {"days": ["tue"], "hours": "09:00-10:00", "places": places or {"public": 1}}
    return {**of, "resources": [{**WINDOW, "schedules": [hours]}]}


async def wait(
    hall: Hall,
    account: UUID,
    *,
    offices: Sequence[str] = ("hall",),
    windows: Sequence[Window] = (MORNING,),
    service: str = "marriage",
) -> str:
    async with hall.database.session() as session:
        row = await joining.join(Deps(session, hall.clock), account, Wish(service, offices, windows))
        return row.state


async def instead(
    hall: Hall,
    account: UUID,
    *,
    offices: Sequence[str] = ("hall",),
    windows: Sequence[Window] = (MORNING,),
    service: str = "marriage",
) -> tuple[str, list[str]]:
    """Return the office and the times that somebody is told of who wants to wait."""
    with pytest.raises(WaitlistNeedlessError) as refused:
        await wait(hall, account, offices=offices, windows=windows, service=service)
    return refused.value.office, refused.value.next_free


async def test_the_first_times_that_are_free_in_the_windows_are_named(bare_hall: Hall) -> None:
    hall = bare_hall
    await hall.build(SERVICE, offices=[office()])
    owner, one = await hall.residents(2)
    await hall.book(owner, NINE)
    assert await instead(hall, one) == ("hall", ["2026-12-01T01:30:00Z"])
    early = Window(MORNING.first, MORNING.last, 540, 570)
    next_week = Window(date(2026, 12, 8), date(2026, 12, 31), 0, 1440, ("tue",))
    assert await instead(hall, one, windows=[early, next_week]) == (
        "hall", ["2026-12-08T01:00:00Z", "2026-12-08T01:30:00Z"],
    )  # fmt: skip
    assert await wait(hall, one, windows=[early]) == "waitlisted"


async def test_of_several_offices_it_is_the_dearest_that_has_some(bare_hall: Hall) -> None:
    hall = bare_hall
    await hall.build(SERVICE, offices=[office(), office(ANNEX)])
    owner, other, one = await hall.residents(3)
    both = ["hall", "annex"]
    assert (await instead(hall, one, offices=both))[0] == "hall"
    assert (await instead(hall, one, offices=both[::-1]))[0] == "annex"
    await hall.book(owner, NINE)
    await hall.book(other, NINE + HALF)
    assert await instead(hall, one, offices=both) == ("annex", ["2026-12-01T01:00:00Z", "2026-12-01T01:30:00Z"])


async def test_who_waits_already_goes_on_waiting_whatever_is_free(bare_hall: Hall) -> None:
    hall = bare_hall
    await hall.build(SERVICE, offices=[office()])
    owner, other, one = await hall.residents(3)
    await hall.book(owner, NINE)
    await hall.book(other, NINE + HALF)
    assert await wait(hall, one) == "waitlisted"
    await hall.load({"offices": [office(public=2)]})
    assert await wait(hall, one) == "waitlisted"


async def test_places_of_other_channels_are_nothing_that_they_could_book(bare_hall: Hall) -> None:
    hall = bare_hall
    await hall.build(SERVICE, offices=[office(priority=1, hotline=1)])
    later = Window(date(2026, 12, 8), date(2026, 12, 8), 540, 600)
    assert await wait(hall, await hall.resident(), windows=[later]) == "waitlisted"


async def test_what_others_hold_is_theirs_until_they_let_it_go(bare_hall: Hall) -> None:
    hall = bare_hall
    await hall.build(SERVICE, offices=[office()])
    one, other, third, fourth = await hall.residents(4)
    held = [await hall.hold(one, NINE), await hall.hold(other, NINE + HALF)]
    assert await wait(hall, third) == "waitlisted"
    await release(hall.desk(), held[0])
    assert await instead(hall, fourth) == ("hall", ["2026-12-01T01:00:00Z"])


async def test_a_hold_of_another_channel_counts_where_places_are_everybody_s(bare_hall: Hall) -> None:
    hall = bare_hall
    await hall.build(SERVICE, offices=[office(hotline=1)])
    caller, other, one = await hall.residents(3)
    for who, at in ((caller, NINE), (other, NINE + HALF)):
        await hall.hold(who, at, await hall.wanted(channel="hotline"))
    assert await wait(hall, one) == "waitlisted"


async def test_a_longer_visit_is_free_where_each_of_its_slots_has_more_places_than_holds(bare_hall: Hall) -> None:
    hall = bare_hall
    passport = {**SERVICE, "code": "passport", "name_zh": "护照", "minutes": 60}
    here = office(public=2)
    here["resources"][0]["skills"] = ["marriage", "passport"]
    await hall.build(SERVICE, passport, offices=[here])
    owner, holder, other, one = await hall.residents(4)
    await hall.book(owner, NINE + HALF)  # one place is left there, which nobody holds
    await hall.hold(holder, NINE)  # one of two
    assert (await instead(hall, one, service="passport"))[1] == ["2026-12-01T01:00:00Z"]
    await hall.hold(other, NINE + HALF)
    assert await wait(hall, one, service="passport") == "waitlisted"


async def test_times_at_which_they_cannot_come_are_not_offered_instead(bare_hall: Hall) -> None:
    hall = bare_hall
    passport = {**SERVICE, "code": "passport", "name_zh": "护照", "minutes": 60}
    here = office()
    here["resources"] += [{**WINDOW, "code": "w2", "skills": ["passport"]}]
    here["resources"][0]["skills"] = ["marriage"]
    await hall.build(SERVICE, passport, offices=[here])
    busy, one = await hall.residents(2)
    await hall.book(busy, NINE, await hall.wanted(service="passport"))
    assert await wait(hall, busy) == "waitlisted"
    assert (await instead(hall, one))[0] == "hall"


async def test_who_has_missed_too_many_waits_for_times_that_they_may_not_book_yet(bare_hall: Hall) -> None:
    hall = bare_hall
    window = {**WINDOW, "schedules": [{"days": ["working"], "hours": "09:00-10:00", "places": {"public": 1}}]}
    await hall.build(SERVICE, offices=[{**OFFICE, "resources": [window]}])
    one = await hall.resident()
    for day in ("12-01", "12-02", "12-03"):
        booked = await hall.book(one, on(day, "09:00"))
        hall.clock.advance(on(day, "11:00") - hall.clock.now())
        await hall.miss(booked.id)
    soon, far = [Window(day, day, 0, 1440) for day in (date(2026, 12, 4), date(2026, 12, 10))]
    assert (await instead(hall, one, windows=[soon, far]))[1] == ["2026-12-04T01:00:00Z", "2026-12-04T01:30:00Z"]
    assert await wait(hall, one, windows=[far]) == "waitlisted"


LONG = Window(date(2026, 12, 4), date(2026, 12, 31), 0, 1440)


def windows(number: int) -> list[dict[str, Any]]:
    hours = {"days": ["working"], "hours": "09:00-17:00", "places": {"public": 1}}
    return [{**WINDOW, "code": f"w{each}", "schedules": [hours]} for each in range(number)]


async def test_a_person_s_bookings_and_what_they_missed_are_read_once_for_all_times(
    asked: list[str], bare_hall: Hall
) -> None:
    hall = bare_hall
    await hall.build({**SERVICE, "days": 30}, offices=[{**OFFICE, "resources": windows(2)}])
    one, barred = await hall.residents(2)
    for day in ("12-01", "12-02", "12-03"):
        booked = await hall.book(barred, on(day, "09:00"))
        hall.clock.advance(on(day, "11:00") - hall.clock.now())
        await hall.miss(booked.id)
    asked.clear()
    assert (await instead(hall, one, windows=[LONG]))[1][0] == "2026-12-04T01:00:00Z"
    assert len(reads(asked)) < 20
    asked.clear()
    far = Window(date(2026, 12, 5), LONG.last, 0, 1440)
    assert await wait(hall, barred, windows=[far]) == "waitlisted"
    assert len(reads(asked)) < 20
    assert not [each for each in asked if "WITH slot" in each]  # no time of all those that they may not have


async def test_days_are_read_one_by_one_until_three_times_are_free(asked: list[str], bare_hall: Hall) -> None:
    hall = bare_hall
    await hall.build({**SERVICE, "days": 30}, offices=[{**OFFICE, "resources": windows(1)}])
    owner, one = await hall.residents(2)
    first = Window(LONG.first, LONG.last, 540, 570)  # one time a day, of which the first is held
    await hall.hold(owner, on("12-04", "09:00"))
    asked.clear()
    assert (await instead(hall, one, windows=[first]))[1] == [
        "2026-12-08T01:00:00Z", "2026-12-09T01:00:00Z", "2026-12-10T01:00:00Z",
    ]  # fmt: skip
    assert len([each for each in asked if "WITH slot" in each]) == 4


@pytest.mark.parametrize("drawn", [True, False])
async def test_a_drawn_day_is_free_while_it_can_be_joined_and_once_everybody_may_hold(
    bare_hall: Hall, *, drawn: bool
) -> None:
    hall = bare_hall
    await hall.build({**SERVICE, "draw_seconds": 30}, offices=[{**OFFICE, "resources": windows(1)}])
    hall.clock.advance(on("12-01", "09:00") - hall.clock.now())  # 15 December is released
    of = release_for(await hall.wanted(), on("12-15", "09:00"))
    that = Window(date(2026, 12, 15), date(2026, 12, 15), 0, 1440)
    joins, early, late, other = await hall.residents(4)
    assert (await instead(hall, early, windows=[that]))[0] == "hall"
    async with hall.database.session() as session:
        await releases.join(session, hall.clock, hall.keys, of, joins)
    hall.clock.advance(timedelta(seconds=30))
    if drawn:
        await hall.desk().offered.drawn(of)
    assert await wait(hall, late, windows=[that]) == "waitlisted"  # whoever joined is let in, and nobody else
    hall.clock.advance(timedelta(seconds=1))
    assert (await instead(hall, other, windows=[that]))[0] == "hall"
