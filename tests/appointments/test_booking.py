"""Holding, confirming, moving and cancelling."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from flows.appointments import holding
from flows.appointments.ending import REST
from flows.appointments.errors import (
    ClashError,
    HoldRefusedError,
    NoShowLimitError,
    NotBookableError,
    TakenError,
    TooLateError,
    WrongStateError,
)
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall, on

NINE = on("12-01", "09:00")
LAST = on("12-01", "11:30")


async def test_a_time_is_held_confirmed_and_no_longer_free(hall: Hall) -> None:
    one, other, third = await hall.residents(3)
    assert await hall.times() == ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]
    booked = await hall.book(one, NINE)
    assert (booked.state, booked.starts_at, len(booked.code)) == ("confirmed", NINE, 8)
    await hall.book(other, NINE)
    assert "09:00" not in await hall.times()
    with pytest.raises(TakenError) as refused:
        await hall.hold(third, NINE)
    assert refused.value.next_free[0] == "2026-12-01T01:30:00Z"


async def test_the_next_times_are_found_behind_days_that_are_full(hall: Hall) -> None:
    await hall.ask("UPDATE appointment_slot SET taken = capacity WHERE starts_at < '2026-12-04' RETURNING id")
    with pytest.raises(TakenError) as refused:
        await hall.hold(await hall.resident(), NINE)
    assert [each[:16] for each in refused.value.next_free] == [f"2026-12-04T{at}" for at in ("01:00", "01:30", "02:00")]
    await hall.ask("UPDATE appointment_slot SET taken = capacity RETURNING id")
    with pytest.raises(TakenError) as refused:
        await hall.hold(await hall.resident(), NINE)
    assert refused.value.next_free == []


async def test_what_is_held_is_not_held_again(hall: Hall) -> None:
    one, other, third = await hall.residents(3)
    await hall.hold(one, NINE)
    await hall.hold(other, NINE)
    with pytest.raises(TakenError):
        await hall.hold(third, NINE)


@pytest.mark.case("AP-03")
async def test_a_hold_ends_with_its_time_and_confirms_then_only_where_the_place_is_free(hall: Hall) -> None:
    one, other, third, fourth = await hall.residents(4)
    held, late = await hall.hold(one, NINE), await hall.hold(other, NINE)
    hall.clock.advance(timedelta(minutes=5) - timedelta(milliseconds=1))
    with pytest.raises(TakenError):
        await hall.hold(third, NINE)
    hall.clock.advance(timedelta(milliseconds=1))
    await hall.book(third, NINE)
    assert (await hall.confirm(one, held)).state == "confirmed"  # a place was left
    with pytest.raises(TakenError):
        await hall.confirm(other, late)
    with pytest.raises(TakenError):
        await hall.hold(fourth, NINE)


async def test_a_hold_that_is_over_is_confirmed_as_things_are_now(hall: Hall) -> None:
    one, other, third = await hall.residents(3)
    late, changed, kept = [await hall.hold(each, NINE) for each in (one, other)] + [await hall.hold(third, LAST)]
    passport = {**SERVICE, "code": "passport", "name_zh": "护照"}
    window = {**WINDOW, "skills": ["marriage", "passport"], "buffer_minutes": 30}
    hall.clock.advance(timedelta(minutes=5))
    await hall.load({"services": [passport], "offices": [{**OFFICE, "resources": [window]}]})
    with pytest.raises(TakenError):
        await hall.confirm(other, changed)  # it has a buffer now, which is another slot
    assert (await hall.confirm(third, kept)).state == "confirmed"  # none follows
    hall.clock.advance(NINE - timedelta(minutes=59) - hall.clock.now())
    with pytest.raises(NotBookableError, match="less than 60 minutes"):
        await hall.confirm(one, late)


async def test_to_confirm_in_vain_keeps_no_place_longer(hall: Hall) -> None:
    one, other, third, fourth = await hall.residents(4)
    await hall.book(one, NINE)
    held = await hall.hold(one, on("12-01", "10:00"))
    await hall.hold(other, on("12-01", "10:00"))
    hall.clock.advance(timedelta(minutes=4, seconds=50))
    with pytest.raises(ClashError):
        await hall.confirm(one, held)
    hall.clock.advance(timedelta(seconds=9))
    with pytest.raises(TakenError):
        await hall.hold(third, on("12-01", "10:00"))  # for it is still held
    hall.clock.advance(timedelta(seconds=1))
    with pytest.raises(ClashError):
        await hall.confirm(one, held)
    assert [(await hall.hold(each, on("12-01", "10:00"))).is_kept for each in (third, fourth)] == [True, True]


@pytest.mark.case("AP-04")
async def test_to_confirm_often_is_to_confirm_once(hall: Hall) -> None:
    one = await hall.resident()
    held = await hall.hold(one, NINE)
    booked = await asyncio.gather(*(hall.confirm(one, held) for _ in range(50)))
    assert len({each.id for each in booked}) == 1
    assert await hall.ask("SELECT sum(taken) FROM appointment_slot") == [(1,)]


async def test_a_hold_is_its_holders_alone(hall: Hall) -> None:
    one, other = await hall.residents(2)
    held = await hall.hold(one, NINE)
    cipher = hall.keys.cipher
    text = holding.sealed(cipher, held)
    assert holding.opened(cipher, str(one), text) == held
    for holder, said in ((other, text), (one, text[:-4] + "AAAA"), (one, "no hold"), (one, "é")):
        with pytest.raises(HoldRefusedError):
            holding.opened(cipher, str(holder), said)


async def test_who_holds_another_time_gives_the_first_back(hall: Hall) -> None:
    one, other, third = await hall.residents(3)
    await hall.hold(one, NINE)
    await hall.hold(other, NINE)
    await hall.hold(one, on("12-01", "10:00"))
    assert (await hall.hold(third, NINE)).is_kept


async def test_a_hold_that_is_released_is_free_at_once(hall: Hall) -> None:
    one, other, third = await hall.residents(3)
    held = await hall.hold(one, NINE)
    await hall.hold(other, NINE)
    await holding.release(hall.desk(), held)
    assert (await hall.hold(third, NINE)).is_kept


@pytest.mark.parametrize(
    ("at", "said"),
    [
        pytest.param(on("11-30", "09:30"), "over", id="past"),
        pytest.param(on("11-30", "10:30"), "less than 60 minutes", id="too soon"),
        pytest.param(on("12-15", "09:00"), "released at 2026-12-01 09:00", id="not released"),
        pytest.param(on("12-01", "12:00"), "Nothing is free", id="not served"),
        pytest.param(on("12-01", "09:10"), "Nothing is free", id="between slots"),
        pytest.param(on("12-05", "09:00"), "Nothing is free", id="a Saturday"),
    ],
)
async def test_what_cannot_be_booked_is_refused_with_its_reason(hall: Hall, at: datetime, said: str) -> None:
    with pytest.raises((NotBookableError, TakenError), match=said):
        await hall.hold(await hall.resident(), at)


async def test_a_day_is_released_at_its_hour(hall: Hall) -> None:
    one = await hall.resident()
    hall.clock.advance(timedelta(hours=22, minutes=59, seconds=59))  # Tuesday, 08:59:59
    with pytest.raises(NotBookableError):
        await hall.hold(one, on("12-15", "09:00"))
    hall.clock.advance(timedelta(seconds=1))
    assert (await hall.book(one, on("12-15", "09:00"))).state == "confirmed"


async def test_nobody_is_at_two_places_at_once_nor_books_one_service_twice(bare_hall: Hall) -> None:
    hall = bare_hall
    passport = {**SERVICE, "code": "passport", "name_zh": "护照", "minutes": 60}
    window = {**WINDOW, "skills": ["marriage", "passport"]}
    await hall.build(SERVICE, passport, offices=[{**OFFICE, "resources": [window, {**window, "code": "w2"}]}])
    one = await hall.resident()
    first = await hall.book(one, on("12-01", "09:30"))
    with pytest.raises(ClashError, match="overlaps") as overlapping:
        await hall.book(one, NINE, await hall.wanted(service="passport"))
    assert overlapping.value.clash["code"] == first.code
    assert overlapping.value.next_free
    with pytest.raises(ClashError, match="same service") as once_more:
        await hall.book(one, on("12-02", "09:00"))
    assert once_more.value.next_free == []
    with pytest.raises(ClashError, match="same service") as once_more:
        await hall.book(one, on("12-01", "09:30"))  # at that very time
    assert once_more.value.next_free == []
    assert (await hall.book(one, on("12-01", "10:00"), await hall.wanted(service="passport"))).state == "confirmed"


async def test_two_bookings_of_one_person_at_once_become_one(bare_hall: Hall) -> None:
    hall = bare_hall
    await hall.build(SERVICE, offices=[{**OFFICE, "resources": [WINDOW, {**WINDOW, "code": "w2"}]}])
    one = await hall.resident()
    holds = [await hall.hold(one, on("12-01", f"{hour:02}:00")) for hour in (9, 10, 11)]
    ended = await asyncio.gather(*(hall.confirm(one, each) for each in holds), return_exceptions=True)
    assert sorted(type(each).__name__ for each in ended) == ["Booking", "ClashError", "ClashError"]


@pytest.mark.case("AP-05")
async def test_two_slots_are_booked_together_or_not_at_all(bare_hall: Hall) -> None:
    hall = bare_hall
    couple = {**SERVICE, "people": 2, "further_minutes": 30}
    await hall.build(couple, offices=[{**OFFICE, "resources": [{**WINDOW, "schedules": [
        {"days": ["working"], "hours": "09:00-11:00", "places": {"public": 1}}]}]}])  # fmt: skip
    residents = await hall.residents(40)
    two = await hall.wanted(people=2)
    assert await hall.times(two) == ["09:00", "09:30", "10:00"]  # never the last half hour
    await hall.book(residents[0], on("12-01", "09:30"))
    assert await hall.times(two) == ["10:00"]

    async def attempt(number: int) -> str:
        at = on("12-02", ("09:00", "09:30", "10:00")[number % 3])
        try:
            await hall.book(residents[number], at, two)
        except TakenError:
            return "taken"
        return "booked"

    ended = await asyncio.gather(*(attempt(number) for number in range(1, 40)))
    assert 1 <= ended.count("booked") <= 2
    rows = await hall.ask("SELECT id, taken FROM appointment_slot WHERE starts_at >= '2026-12-02' AND taken > 0")
    booked = await hall.ask("SELECT slot_ids FROM booking WHERE starts_at >= '2026-12-02'")
    assert sorted(each for (ids,) in booked for each in ids) == sorted(slot for slot, _ in rows)


async def test_a_buffer_stays_free_but_not_behind_closing_time(bare_hall: Hall) -> None:
    hall = bare_hall
    await hall.build(SERVICE, offices=[{**OFFICE, "resources": [{**WINDOW, "buffer_minutes": 30, "schedules": [
        {"days": ["working"], "hours": "09:00-11:00", "places": {"public": 1}}]}]}])  # fmt: skip
    assert await hall.times() == ["09:00", "09:30", "10:00", "10:30"]
    await hall.book(await hall.resident(), on("12-01", "09:30"))
    assert await hall.times() == ["10:30"]


async def test_the_slots_of_a_time_have_no_gap(bare_hall: Hall) -> None:
    morning = {"days": ["working"], "hours": "09:00-12:00", "places": {"public": 1}}
    window = {**WINDOW, "slot_minutes": 60, "schedules": [morning, {**morning, "hours": "12:30-16:30"}]}
    await bare_hall.build({**SERVICE, "minutes": 120}, offices=[{**OFFICE, "resources": [window]}])
    assert await bare_hall.times() == ["09:00", "10:00", "12:30", "13:30", "14:30"]


async def test_a_buffer_takes_the_time_of_other_services_too(bare_hall: Hall) -> None:
    hall, passport = bare_hall, {**SERVICE, "code": "passport", "name_zh": "护照"}
    first = {"days": ["working"], "hours": "09:00-10:00", "places": {"public": 1}, "services": ["marriage"]}
    window = {**WINDOW, "skills": ["marriage", "passport"], "buffer_minutes": 30, "schedules": [
        first, {**first, "hours": "10:00-11:00", "services": ["passport"]}]}  # fmt: skip
    await hall.build(SERVICE, passport, offices=[{**OFFICE, "resources": [window]}])
    assert await hall.times() == ["09:00", "09:30"]
    await hall.book(await hall.resident(), on("12-01", "09:30"))
    assert await hall.times(await hall.wanted(service="passport")) == ["10:30"]


@pytest.mark.case("AP-10")
async def test_each_channel_has_its_own_places_until_a_day_before(bare_hall: Hall) -> None:
    hall = bare_hall
    await hall.build(SERVICE, offices=[{**OFFICE, "resources": [{**WINDOW, "schedules": [
        {"days": ["working"], "hours": "09:00-10:00", "places": {"public": 1, "hotline": 1}}]}]}])  # fmt: skip
    residents = await hall.residents(5)
    day, hotline = on("12-02", "09:00"), await hall.wanted(channel="hotline")
    await hall.book(residents[0], day)
    with pytest.raises(TakenError):
        await hall.hold(residents[1], day)
    hall.clock.advance(timedelta(hours=22, minutes=59))  # Tuesday, 08:59: a day and a minute before
    with pytest.raises(TakenError):
        await hall.hold(residents[1], day)
    hall.clock.advance(timedelta(minutes=1))
    held = await hall.hold(residents[1], day)  # the hotline's
    with pytest.raises(TakenError):
        await hall.hold(residents[2], day, hotline)
    await hall.confirm(residents[1], held)
    with pytest.raises(TakenError):
        await hall.hold(residents[2], day, hotline)
    other = on("12-04", "09:00")
    await hall.book(residents[3], other, hotline)
    assert (await hall.book(residents[4], other)).channel == "public"


@pytest.mark.case("AP-06")
async def test_moving_fails_as_a_whole_and_keeps_the_old_one(hall: Hall) -> None:
    one, other, third = await hall.residents(3)
    old = await hall.book(one, NINE)
    held = await hall.hold(one, on("12-01", "10:00"))
    hall.clock.advance(timedelta(minutes=6))  # it is over, and others come before
    await hall.book(other, on("12-01", "10:00"))
    await hall.book(third, on("12-01", "10:00"))
    with pytest.raises(TakenError):
        await hall.confirm(one, held, replaced=old.id)
    assert (await hall.booking(old.id)).state == "confirmed"
    moved = await hall.confirm(one, await hall.hold(one, on("12-01", "09:30")), replaced=old.id)
    assert (await hall.booking(old.id)).state == "rescheduled"
    assert (moved.replaces, moved.sequence) == (old.id, 1)


async def test_it_is_moved_to_a_hold_of_its_service_that_is_no_appointment_yet(bare_hall: Hall) -> None:
    hall = bare_hall
    passport = {**SERVICE, "code": "passport", "name_zh": "护照"}
    await hall.build(SERVICE, passport, offices=[{**OFFICE, "resources": [
        {**WINDOW, "skills": ["marriage", "passport"]}]}])  # fmt: skip
    one = await hall.resident()
    old = await hall.book(one, NINE)
    held = await hall.hold(one, on("12-01", "10:00"), await hall.wanted(service="passport"))
    with pytest.raises(WrongStateError, match="another service"):
        await hall.confirm(one, held, replaced=old.id)
    await hall.confirm(one, held)
    with pytest.raises(WrongStateError, match="another appointment"):
        await hall.confirm(one, held, replaced=old.id)
    assert (await hall.booking(old.id)).state == "confirmed"
    held = await hall.hold(one, LAST)
    moved = await hall.confirm(one, held, replaced=old.id)
    assert (await hall.confirm(one, held, replaced=old.id)).id == moved.id  # the answer was lost


async def test_what_is_moved_by_less_than_its_length_needs_only_what_is_beyond(bare_hall: Hall) -> None:
    one_place = {**WINDOW, "schedules": [{"days": ["working"], "hours": "09:00-12:00", "places": {"public": 1}}]}
    await bare_hall.build({**SERVICE, "minutes": 60}, offices=[{**OFFICE, "resources": [one_place]}])
    one, other = await bare_hall.residents(2)
    old = await bare_hall.book(one, NINE)
    half_past, wanted = on("12-01", "09:30"), await bare_hall.wanted()
    with pytest.raises(TakenError):
        await bare_hall.hold(one, half_past)
    with pytest.raises(NotBookableError, match="already"):
        await bare_hall.hold(one, NINE, wanted.moving(old))
    assert (await bare_hall.times(wanted.moving(old)))[:3] == ["09:00", "09:30", "10:00"]
    held = await bare_hall.hold(one, half_past, wanted.moving(old))
    with pytest.raises(TakenError):  # it is no second appointment
        await bare_hall.confirm(one, held)
    moved = await bare_hall.confirm(one, held, replaced=old.id)
    assert moved.slot_ids[0] == old.slot_ids[1]
    with pytest.raises(TakenError):
        await bare_hall.hold(other, NINE)  # which rests
    await bare_hall.work(timedelta(minutes=30))
    assert await bare_hall.times() == ["10:30", "11:00"]
    assert await bare_hall.ask("SELECT taken FROM appointment_slot WHERE taken > 0") == [(1,), (1,)]
    await bare_hall.cancel(one, moved.id)
    await bare_hall.work(timedelta(minutes=30))
    assert await bare_hall.ask("SELECT id FROM appointment_slot WHERE taken > 0") == []


@pytest.mark.case("AP-08")
async def test_it_is_cancelled_until_the_cut_off(hall: Hall) -> None:
    one, other = await hall.residents(2)
    mine, theirs = await hall.book(one, NINE), await hall.book(other, NINE)
    hall.clock.advance(NINE - timedelta(minutes=120) - hall.clock.now())
    await hall.cancel(one, mine.id)
    hall.clock.advance(timedelta(seconds=1))
    with pytest.raises(TooLateError):
        await hall.cancel(other, theirs.id)
    assert [(await hall.booking(each.id)).state for each in (mine, theirs)] == ["cancelled", "confirmed"]


async def test_the_places_of_what_is_cancelled_rest_a_random_while(hall: Hall) -> None:
    one, other, third = await hall.residents(3)
    booked = await hall.book(one, NINE)
    await hall.book(other, NINE)
    await hall.cancel(one, booked.id)
    again = await hall.book(one, on("12-02", "09:00"))  # they may book at once, and nobody has their place yet
    assert again.state == "confirmed"
    with pytest.raises(TakenError):
        await hall.hold(third, NINE)
    await hall.work(REST[0] - timedelta(seconds=1))
    with pytest.raises(TakenError):
        await hall.hold(third, NINE)
    await hall.work(REST[1] - REST[0] + timedelta(seconds=31))  # by which the hall's memory of the turnstile is renewed
    assert (await hall.book(third, NINE)).state == "confirmed"
    with pytest.raises(TakenError):
        await hall.hold(await hall.resident(), NINE)


async def test_the_database_refuses_what_the_code_would_get_wrong(hall: Hall) -> None:
    with pytest.raises(DBAPIError, match="appointment_slot_never_oversold"):
        await hall.ask("UPDATE appointment_slot SET taken = capacity + 1")


@pytest.mark.case("AP-12")
async def test_who_has_not_come_three_times_books_at_short_notice_for_a_while(bare_hall: Hall) -> None:
    hall = bare_hall
    clinic = {**SERVICE, "code": "clinic", "counts_no_shows": False}
    window = {**WINDOW, "skills": ["marriage", "clinic"], "schedules": [
        {"days": ["working"], "hours": "09:00-17:00", "places": {"public": 9}}]}  # fmt: skip
    await hall.build(SERVICE, clinic, offices=[{**OFFICE, "resources": [window]}])
    one, other = await hall.residents(2)
    missed = []
    for day in ("12-01", "12-02", "12-03"):
        missed.append(await hall.book(one, on(day, "10:00")))
        await hall.work(on(day, "10:16") - hall.clock.now())
        await hall.miss(missed[-1].id)
    with pytest.raises(NoShowLimitError) as refused:
        await hall.book(one, on("12-08", "10:00"))
    assert sorted(refused.value.missed) == sorted(each.code for each in missed)
    assert refused.value.until == on("12-03", "10:00", 2026) + timedelta(days=30)
    assert (await hall.book(other, on("12-08", "10:00"))).state == "confirmed"
    fourth = await hall.book(one, on("12-04", "09:30"))  # at short notice
    assert (await hall.book(one, on("12-08", "11:00"), await hall.wanted(service="clinic"))).state == "confirmed"
    await hall.work(on("12-04", "09:46") - hall.clock.now())
    await hall.miss(fourth.id)
    await hall.ask("UPDATE booking SET excused_at = now() WHERE starts_at < '2026-12-03' RETURNING id")
    assert (await hall.book(one, on("12-08", "10:00"))).state == "confirmed"


async def test_that_nobody_came_is_forgiven_by_itself(hall: Hall) -> None:
    one = await hall.resident()
    for day in ("12-01", "12-02", "12-03"):
        booked = await hall.book(one, on(day, "10:00"))
        await hall.work(on(day, "10:16") - hall.clock.now())
        await hall.miss(booked.id)
    await hall.work(timedelta(days=29))
    assert on("01-01", "10:16", 2027) == hall.clock.now()
    with pytest.raises(NoShowLimitError):
        await hall.book(one, on("01-13", "10:00", 2027))
    await hall.work(timedelta(days=1))
    assert (await hall.book(one, on("01-13", "10:00", 2027))).state == "confirmed"


async def test_what_is_over_is_done_unless_somebody_says_that_nobody_came(hall: Hall) -> None:
    one = await hall.resident()
    booked = await hall.book(one, NINE)
    await hall.work(NINE + timedelta(minutes=30, hours=12) - hall.clock.now())
    assert (await hall.booking(booked.id)).state == "confirmed"
    await hall.work(timedelta(seconds=1))
    assert (await hall.booking(booked.id)).state == "done"
    assert (await hall.book(one, on("12-03", "09:00"))).state == "confirmed"  # it counts no more
    await hall.miss(booked.id)
    assert (await hall.booking(booked.id)).state == "no_show"
