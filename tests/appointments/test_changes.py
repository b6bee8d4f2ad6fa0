"""What an office changes reaches slots that are written already, and whoever has booked them."""

import asyncio
from datetime import UTC, timedelta
from typing import Any

import pytest

from flows.appointments.ending import REST
from flows.appointments.errors import TakenError
from flows.appointments.filling import due
from flows.appointments.finding import booking_of
from flows.appointments.overdue import OVER
from kernel.clock import ManualClock
from services_catalog.organisations import duty
from services_catalog.organisations.calendar_file import read_calendars
from tests.appointments.hall import OFFICE, SERVICE, TEN, WINDOW, Hall, on
from tests.appointments.hospital import Clinic

PASSPORT = {**SERVICE, "code": "passport", "name_zh": "护照"}
BOTH = {**WINDOW, "skills": ["marriage", "passport"]}
NINE = on("12-01", "09:00")


def office(*resources: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {"offices": [{**OFFICE, "resources": list(resources), **changed}]}


async def test_who_booked_what_a_window_no_longer_does_is_a_conflict(bare_hall: Hall) -> None:
    hall = bare_hall
    await hall.build(SERVICE, PASSPORT, offices=office(BOTH)["offices"])
    one, other = await hall.residents(2)
    lost = await hall.book(one, NINE, await hall.wanted(service="passport"))
    kept = await hall.book(other, on("12-01", "09:30"))
    assert (await hall.load(office(WINDOW))).conflicts == 1
    assert [(await hall.booking(each.id)).state for each in (lost, kept)] == ["conflict", "confirmed"]
    assert (await hall.load(office({**WINDOW, "name_zh": "二号窗口"}))).conflicts == 0


async def test_an_office_that_closes_serves_nobody_until_it_opens(hall: Hall) -> None:
    booked = await hall.book(await hall.resident(), NINE)
    assert (await hall.load(office(WINDOW, closed=True))).conflicts == 1
    assert (await hall.booking(booked.id)).state == "conflict"
    assert await hall.ask("SELECT status, taken FROM appointment_slot") == [("closed", 1)]
    await hall.work()
    assert await hall.ask("SELECT count(*) FROM appointment_slot") == [(1,)]
    await hall.load(office(WINDOW))
    assert await hall.times() == ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]


async def test_how_an_office_is_reached_concerns_no_booking(hall: Hall) -> None:
    booked = await hall.book(await hall.resident(), NINE)
    async with hall.database.session() as session:
        await booking_of(session, booked.id, lock=True)
        reached = office(WINDOW, phone="0190-12345002", address_zh="云津东路18号")
        async with asyncio.timeout(20):  # for as long as the booking is locked it would wait
            [change] = (await hall.load(reached)).changes
    assert change.how == "changed: address_zh, phone"


async def test_how_an_office_is_reached_has_its_system_say_nothing_anew(clinic: Clinic) -> None:
    await clinic.load(phone="0190-12345002")
    assert (await clinic.system()).synced_at is not None
    await clinic.load(exceptions=[{"day": "2026-12-02"}])
    assert (await clinic.system()).synced_at is None


async def test_days_released_before_a_shorter_horizon_follow_the_hours_too(hall: Hall) -> None:
    one, other = await hall.residents(2)
    lost, kept = await hall.book(one, on("12-10", "09:00")), await hall.book(other, on("12-10", "11:00"))
    later = {**WINDOW, "schedules": [{**WINDOW["schedules"][0], "hours": "10:00-12:00"}]}
    assert (await hall.load({"services": [{**SERVICE, "days": 3}], **office(later)})).conflicts == 1
    assert [(await hall.booking(each.id)).state for each in (lost, kept)] == ["conflict", "confirmed"]
    open_before_ten = """SELECT 1 FROM appointment_slot
        WHERE status = 'open' AND (starts_at AT TIME ZONE 'Asia/Shanghai')::time < '10:00'"""
    assert await hall.ask(open_before_ten) == []


async def test_places_that_an_office_takes_away_go_when_they_are_given_back(bare_hall: Hall) -> None:
    hall = bare_hall

    def places(**channels: int) -> dict[str, Any]:
        return office({**WINDOW, "schedules": [{**WINDOW["schedules"][0], "places": channels}]})

    await hall.build(offices=places(public=3)["offices"])
    residents = await hall.residents(4)
    booked = [await hall.book(each, on("12-02", "09:00")) for each in residents[:3]]
    assert (await hall.load(places(public=1, hotline=1))).conflicts == 0
    await hall.cancel(residents[0], booked[0].id)
    await hall.work(REST[1])
    assert await hall.ask("SELECT capacity, taken FROM appointment_slot WHERE taken > 0") == [(2, 2)]
    with pytest.raises(TakenError):
        await hall.book(residents[3], on("12-02", "09:00"), await hall.wanted(channel="hotline"))


async def days_change(hall: Hall, row: str) -> None:
    async with hall.database.session() as session:
        rows = read_calendars(f"calendar,day,kind,hours,note,source\n{row}\n".encode())
        await duty.store(session, rows, "Asia/Shanghai")


async def is_due(hall: Hall) -> bool:
    async with hall.database.snapshot() as session:
        return bool(await due(session, hall.clock))


async def test_a_calendar_that_changes_reaches_slots_that_are_written(hall: Hall) -> None:
    one, other = await hall.residents(2)
    lost, kept = await hall.book(one, NINE), await hall.book(other, on("12-02", "09:00"))
    assert not await is_due(hall)
    await days_change(hall, "city,2026-12-01,closed,,a storm,made up")
    await days_change(hall, "city,2026-12-07,working,,no holiday after all,made up")
    await hall.work()
    assert [(await hall.booking(each.id)).state for each in (lost, kept)] == ["conflict", "confirmed"]
    assert [len(await hall.times(day=day)) for day in ("12-01", "12-02", "12-07")] == [0, 6, 6]
    assert not await is_due(hall)


async def test_a_day_is_written_as_soon_as_the_offices_day_begins(hall: Hall) -> None:
    hall.clock = ManualClock(TEN.astimezone(UTC))
    await hall.work(timedelta(hours=13, minutes=59))
    assert not await is_due(hall)
    hall.clock.advance(timedelta(minutes=1))  # midnight there, and not of UTC
    assert await is_due(hall)
    await hall.work()
    assert not await is_due(hall)


async def test_an_exception_is_withdrawn(hall: Hall) -> None:
    closed = {"day": "2026-12-01", "note": "a storm"}
    assert len((await hall.load(office(WINDOW, exceptions=[closed]))).changes) == 1
    assert await hall.times() == []
    withdrawn = office(WINDOW, exceptions=[{**closed, "withdrawn": True}])
    assert [each.how for each in (await hall.load(withdrawn)).changes] == ["withdrawn"]
    assert len(await hall.times()) == 6
    assert (await hall.load(withdrawn)).changes == []


async def test_a_conflict_that_nobody_decided_ends_as_the_offices_doing(hall: Hall) -> None:
    booked = await hall.book(await hall.resident(), NINE)
    await hall.load(office(WINDOW, exceptions=[{"day": "2026-12-01"}]))
    await hall.work(booked.ends_at + OVER + timedelta(minutes=1) - hall.clock.now())
    assert (await hall.booking(booked.id)).state == "office_cancelled"
