"""An office closes a day, or decides on one booking: nobody is left behind, all are told and may book before others."""

import asyncio
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from flows.appointments import cancelling, closing
from flows.appointments.booking_tables import Booking, BookingEvent
from flows.appointments.deps import Deps
from flows.appointments.errors import NotBookableError, TakenError, UnknownServiceError, WrongStateError
from flows.appointments.finding import booking_of
from flows.appointments.overdue import OVER
from flows.appointments.rights import rights_of
from flows.appointments.tables import AppointmentOffice
from kernel.errors import YiwangError
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall, on

DAY = date(2026, 12, 1)
NINE, TEN_OCLOCK = on("12-01", "09:00"), on("12-01", "10:00")
CLOSED = {"offices": [{**OFFICE, "exceptions": [{"day": "2026-12-01", "note": "a storm"}]}]}


async def close(hall: Hall, day: date = DAY) -> AppointmentOffice:
    async with hall.database.session() as session:
        office = await closing.office_of(session, "hall")
        await closing.close(Deps(session, hall.clock), office, day, "停电")
    return office


async def cancel_all(hall: Hall, office: AppointmentOffice, most: int = 10_000, day: date = DAY) -> int:
    """Cancel a day's bookings as the command does; ``most``: it is killed after so many."""
    async with hall.database.session() as session:
        rows = await closing.to_cancel(Deps(session, hall.clock), office, day)
    for row in rows[:most]:
        async with hall.database.session() as session:
            await closing.cancel_of(Deps(session, hall.clock), row.id, "operator:test", "停电")
    return len(rows[:most])


async def office_cancels(hall: Hall, row: Booking) -> None:
    async with hall.database.session() as session:
        locked = await booking_of(session, row.id, lock=True)
        await cancelling.office_cancel(Deps(session, hall.clock), locked, "operator:test", "窗口故障")


async def keeps(hall: Hall, row: Booking) -> None:
    async with hall.database.session() as session:
        await cancelling.keep(Deps(session, hall.clock), await booking_of(session, row.id, lock=True), "operator:test")


async def told(hall: Hall) -> Counter[str]:
    return Counter(kind for (kind,) in await hall.ask("SELECT kind FROM appointment_notice"))


async def rights(hall: Hall) -> list[Any]:
    return await hall.ask("SELECT from_booking, account_id, service FROM booking_right WHERE used_by IS NULL")


@pytest.mark.case("AP-13")
async def test_a_day_is_closed_and_nobody_is_left_behind(hall: Hall) -> None:
    residents = await hall.residents(4)
    booked = [await hall.book(each, NINE if n < 2 else TEN_OCLOCK) for n, each in enumerate(residents[:3])]
    other = await hall.book(residents[3], on("12-02", "09:00"))
    office = await close(hall)
    with pytest.raises(TakenError):
        await hall.hold(residents[3], TEN_OCLOCK)
    assert await cancel_all(hall, office, most=1) == 1  # and then the machine is switched off
    assert await close(hall) is not None
    assert await cancel_all(hall, office) == 2
    assert await cancel_all(hall, office) == 0
    states = [(await hall.booking(each.id)).state for each in (*booked, other)]
    assert states == ["office_cancelled"] * 3 + ["confirmed"]
    assert sorted(await rights(hall)) == sorted((row.id, row.account_id, "marriage") for row in booked)
    assert await told(hall) == {"conflict": 3, "office_cancelled": 3}
    assert await hall.ask("SELECT taken FROM appointment_slot WHERE starts_at < '2026-12-02' AND taken > 0") == []
    await hall.work(timedelta(minutes=5))
    notices = await hall.ask("SELECT kind, state FROM appointment_notice")
    assert Counter(map(tuple, notices)) == {("conflict", "needless"): 3, ("office_cancelled", "untold"): 3}


async def test_who_books_cancels_and_moves_meanwhile_is_not_left_behind_either(bare_hall: Hall) -> None:
    hall = bare_hall
    many = {**WINDOW, "schedules": [{"days": ["working"], "hours": "09:00-12:00", "places": {"public": 5}}]}
    await hall.build(offices=[{**OFFICE, "resources": [many]}])
    residents = await hall.residents(40)
    times = [on("12-01", each) for each in ("09:00", "09:30", "10:00", "10:30")]
    early = [await hall.book(each, times[n % 4]) for n, each in enumerate(residents[:20])]

    async def books(number: int) -> None:
        await hall.book(residents[20 + number], times[number % 4])

    async def cancels(number: int) -> None:
        await hall.cancel(residents[number], early[number].id)

    async def moves(number: int) -> None:
        held = await hall.hold(residents[number], on("12-02", "09:00") if number % 2 else on("12-01", "11:00"))
        await hall.confirm(residents[number], held, replaced=early[number].id)

    async def closes() -> None:
        await asyncio.sleep(0.05)
        office = await close(hall)
        await cancel_all(hall, office)

    work = [each(n) for n in range(8) for each in (books, cancels)] + [moves(n) for n in range(8, 16)]
    done = await asyncio.gather(closes(), *work, return_exceptions=True)
    assert [each for each in done if each is not None and not isinstance(each, YiwangError)] == []
    left = await hall.ask("""SELECT count(*) FROM booking b WHERE state IN ('confirmed', 'conflict')
        AND starts_at < '2026-12-02'""")
    assert left == [(0,)]
    lost = await hall.ask("""SELECT count(*) FROM booking b WHERE state = 'office_cancelled' AND (
        NOT EXISTS (SELECT 1 FROM booking_right r WHERE r.from_booking = b.id)
        OR NOT EXISTS (SELECT 1 FROM appointment_notice n WHERE n.about = b.id AND n.kind = 'office_cancelled')
        OR EXISTS (SELECT 1 FROM booking_person p WHERE p.booking_id = b.id AND p.active))""")
    assert lost == [(0,)]
    assert await rights(hall) != []
    taken = await hall.ask("""SELECT sum(s.taken) - (SELECT count(*) FROM booking b WHERE b.returned_at IS NULL)
        FROM appointment_slot s""")
    assert taken == [(0,)]


async def test_a_day_that_is_over_and_an_office_that_is_none(hall: Hall) -> None:
    with pytest.raises(NotBookableError):
        await close(hall, date(2026, 11, 29))
    async with hall.database.session() as session:
        with pytest.raises(UnknownServiceError):
            await closing.office_of(session, "palace")


async def test_what_is_kept_stays_kept_while_hours_stay_changed(hall: Hall) -> None:
    kept = await hall.book(await hall.resident(), NINE)
    with pytest.raises(WrongStateError):
        await keeps(hall, kept)
    assert (await hall.load(CLOSED)).conflicts == 1
    await keeps(hall, kept)
    renamed = {**CLOSED["offices"][0], "resources": [{**WINDOW, "name_zh": "二号窗口"}]}
    assert (await hall.load({"offices": [renamed]})).conflicts == 0
    assert (await hall.booking(kept.id)).state == "confirmed"
    assert await told(hall) == {"conflict": 1, "kept": 1}
    opened = {"day": "2026-12-01", "withdrawn": True}
    await hall.load({"offices": [{**OFFICE, "exceptions": [opened]}]})
    assert (await hall.load(CLOSED)).conflicts == 1  # that is another change


async def test_a_kept_one_is_cancelled_with_its_day(hall: Hall) -> None:
    kept = await hall.book(await hall.resident(), NINE)
    await hall.load(CLOSED)
    await keeps(hall, kept)
    assert await cancel_all(hall, await close(hall)) == 1


async def test_a_place_that_the_office_cannot_serve_is_nobody_elses(hall: Hall) -> None:
    one, other = await hall.residents(2)
    cancelled = await hall.book(one, NINE)
    await office_cancels(hall, cancelled)
    await hall.work(timedelta(hours=1))
    assert await hall.ask("SELECT taken FROM appointment_slot WHERE taken > 0") == [(1,)]
    await hall.book(other, NINE)
    [right] = await hall.ask("SELECT details->>'reason' FROM booking_event WHERE event = 'office_cancel'")
    assert right == ("窗口故障",)
    with pytest.raises(WrongStateError):
        await office_cancels(hall, cancelled)


async def test_a_conflict_that_nobody_decided_gives_the_right_too(hall: Hall) -> None:
    account = await hall.resident()
    lost = await hall.book(account, NINE)
    await hall.load(CLOSED)
    await hall.work(NINE - hall.clock.now() + timedelta(hours=1) + OVER)
    async with hall.database.session() as session:
        [right] = await rights_of(Deps(session, hall.clock), account)
        last = (
            select(BookingEvent.event).where(BookingEvent.booking_id == lost.id).order_by(col(BookingEvent.id).desc())
        )
        assert (await session.exec(last)).first() == "office_cancel"
    assert (right.from_booking, right.service) == (lost.id, SERVICE["code"])


async def test_hours_of_a_day_that_the_office_has_closed_are_left_and_said(hall: Hall) -> None:
    await close(hall)
    short = {"day": "2026-12-01", "hours": ["09:00-10:00"]}
    loaded = await hall.load({"offices": [{**OFFICE, "exceptions": [short]}]})
    assert (loaded.changes, loaded.left) == ([], ["hall 2026-12-01"])
    opened = {"day": "2026-12-01", "withdrawn": True}
    assert (await hall.load({"offices": [{**OFFICE, "exceptions": [opened]}]})).left == []
    assert [each.how for each in (await hall.load({"offices": [{**OFFICE, "exceptions": [short]}]})).changes] == [
        "added"
    ]
