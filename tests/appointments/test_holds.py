"""Which hold is which: an id stands for one thing, and for the same thing as long as it lasts."""

import asyncio
from datetime import datetime, timedelta

import msgspec
import pytest
from msgspec import Struct

from flows.appointments import holding
from flows.appointments.errors import TakenError
from flows.appointments.turnstile import Wanted
from kernel.redis import key
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall, on

NINE = on("12-01", "09:00")
HALF_PAST = on("12-01", "09:30")
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def narrow(bare_hall: Hall) -> Hall:
    """One window with one place of half an hour each, for two services; of one of them couples come, too."""
    passport = {**SERVICE, "code": "passport", "name_zh": "护照"}
    schedules = [{"days": ["working"], "hours": "09:00-12:00", "places": {"public": 1}}]
    window = {**WINDOW, "skills": ["marriage", "passport"], "schedules": schedules}
    couples = {**SERVICE, "people": 2, "further_minutes": 30}
    await bare_hall.build(couples, passport, offices=[{**OFFICE, "resources": [window]}])
    return bare_hall


@pytest.mark.parametrize("places", [1, 2])
async def test_whoever_lost_the_answer_has_the_same_hold_once_more_and_no_longer(bare_hall: Hall, places: int) -> None:
    window = {**WINDOW, "schedules": [{"days": ["working"], "hours": "09:00-12:00", "places": {"public": places}}]}
    await bare_hall.build(SERVICE, offices=[{**OFFICE, "resources": [window]}])
    one, *others = await bare_hall.residents(1 + places)
    first = await bare_hall.hold(one, NINE)
    bare_hall.clock.advance(MINUTE)
    assert await bare_hall.hold(one, NINE) == first
    for each in others[1:]:
        await bare_hall.hold(each, NINE)
    with pytest.raises(TakenError):
        await bare_hall.hold(others[0], NINE)
    bare_hall.clock.advance(4 * MINUTE)
    assert (await bare_hall.hold(one, NINE)).id != first.id


@pytest.mark.parametrize("has_former", [False, True])
async def test_whoever_asks_often_at_once_has_one_hold(bare_hall: Hall, *, has_former: bool) -> None:
    window = {**WINDOW, "schedules": [{"days": ["working"], "hours": "09:00-12:00", "places": {"public": 5}}]}
    await bare_hall.build(SERVICE, offices=[{**OFFICE, "resources": [window]}])
    one, *others = await bare_hall.residents(5)
    if has_former:
        await bare_hall.hold(one, HALF_PAST)
    held = await asyncio.gather(*(bare_hall.hold(one, NINE) for _ in range(5)))
    assert len({each.id for each in held}) == 1
    for each in others:
        await bare_hall.hold(each, NINE)


async def test_a_hold_of_something_else_is_another_one_and_gives_the_first_back(narrow: Hall) -> None:
    one, other = await narrow.residents(2)
    marriage = await narrow.hold(one, NINE)
    passport = await narrow.hold(one, NINE, await narrow.wanted(service="passport"))
    couple = await narrow.hold(one, NINE, await narrow.wanted(people=2))
    assert len({each.id for each in (marriage, passport, couple)}) == 3
    await holding.release(narrow.desk(), marriage)  # which has nothing to give back any more
    for at in (NINE, HALF_PAST):
        with pytest.raises(TakenError):
            await narrow.hold(other, at)
    assert (await narrow.hold(one, NINE)).id not in (marriage.id, couple.id)
    assert await narrow.hold(other, HALF_PAST)
    with pytest.raises(TakenError):
        await narrow.hold(other, NINE)


async def test_who_confirms_a_hold_has_what_that_hold_was_of(narrow: Hall) -> None:
    one = await narrow.resident()
    marriage = await narrow.hold(one, NINE)
    passport = await narrow.hold(one, NINE, await narrow.wanted(service="passport"))
    assert (await narrow.confirm(one, passport)).service == "passport"
    with pytest.raises(TakenError):
        await narrow.confirm(one, marriage)


async def test_what_has_been_booked_is_no_hold_any_more(hall: Hall) -> None:
    one = await hall.resident()
    booked = await hall.book(one, NINE)
    await hall.cancel(one, booked.id)
    again = await hall.book(one, NINE)
    assert (again.state, again.id != booked.id) == ("confirmed", True)


class _Before(Struct, array_like=True):
    """A note as the version before reads it."""

    id: str
    places: Wanted
    expires_at: datetime


@pytest.mark.parametrize("fields", [2, 3, 6])
async def test_notes_of_holds_are_read_by_the_version_before_and_of_those_beside(narrow: Hall, fields: int) -> None:
    one, other = await narrow.residents(2)
    held = await narrow.hold(one, NINE)
    name = key("appointments", str(one), "hold")
    said = await narrow.redis.get(name)
    assert said is not None
    before = msgspec.json.decode(said, type=_Before)
    assert (before.id, before.places.slot_ids, before.expires_at) == (held.id, held.slot_ids, held.expires_at)
    await narrow.redis.set(name, msgspec.json.encode([*msgspec.json.decode(said), "new"][:fields]), px=300_000)
    assert (await narrow.hold(one, HALF_PAST)).is_kept
    assert (await narrow.hold(other, NINE)).is_kept
