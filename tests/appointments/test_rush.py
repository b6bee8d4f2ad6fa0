"""Many people at once for few places: exactly as many as there are, whatever Redis does."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from flows.appointments.booking import Comer, confirm
from flows.appointments.ending import REST
from flows.appointments.errors import TakenError
from flows.appointments.holding import Hold, hold, release
from flows.appointments.persons import person_of
from flows.appointments.turnstile import Turnstile
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall, on

_AT_ONCE = 150


def time_of(nth: int) -> datetime:
    return on("12-01", "09:00") + timedelta(minutes=30 * (nth % 20))


async def rush(hall: Hall, number: int, *, cut: int = 0) -> Counter[str]:
    """So many residents hold and confirm one of 20 times with 5 places each; after ``cut`` ends Redis forgets all."""
    residents, desk, of = await hall.residents(number), hall.desk(), await hall.wanted()
    turn, ended = asyncio.Semaphore(_AT_ONCE), Counter[str]()

    async def come(nth: int) -> None:
        async with turn:
            try:
                held = await hold(desk, str(residents[nth]), of, time_of(nth))
                async with hall.database.session() as session:
                    persons = [await person_of(session, residents[nth])]
                    await confirm(desk, session, held, Comer("account:test", residents[nth], persons))
                ended["booked"] += 1
            except TakenError:
                ended["taken"] += 1
            if cut and ended.total() == cut:
                await hall.redis.flushall()

    await asyncio.gather(*(come(nth) for nth in range(number)))
    return ended


@pytest.fixture
async def wide_hall(bare_hall: Hall) -> Hall:
    """20 times a day with five places each."""
    window = {**WINDOW, "schedules": [{"days": ["working"], "hours": "09:00-19:00", "places": {"public": 5}}]}
    await bare_hall.build(SERVICE, offices=[{**OFFICE, "resources": [window]}])
    return bare_hall


async def oversold(hall: Hall) -> list[tuple[int, ...]]:
    """Slots that do not have as many bookings as they count, or more than they have places."""
    return await hall.ask(
        """SELECT s.id, s.taken, count(b.id) FROM appointment_slot s LEFT JOIN booking b ON s.id = ANY (b.slot_ids)
            AND b.returned_at IS NULL GROUP BY s.id HAVING s.taken <> count(b.id) OR s.taken > s.capacity"""
    )


@pytest.mark.case("AP-01")
async def test_ten_thousand_holds_of_a_hundred_places_are_a_hundred(wide_hall: Hall) -> None:
    desk, of = wide_hall.desk(), await wide_hall.wanted()
    turn = asyncio.Semaphore(_AT_ONCE)

    async def attempt(nth: int) -> Hold | None:
        async with turn:
            try:
                return await hold(
                    desk, f"resident {nth}", of, on("12-01", "09:00") + timedelta(minutes=30 * (nth % 20))
                )
            except TakenError:
                return None

    held = [each for each in await asyncio.gather(*(attempt(nth) for nth in range(10_000))) if each is not None]
    assert len(held) == 100
    assert Counter(each.slot_ids for each in held).most_common()[0][1] == 5
    assert all(each.is_kept for each in held)


async def test_of_a_thousand_residents_a_hundred_have_booked(wide_hall: Hall) -> None:
    assert await rush(wide_hall, 1000) == {"booked": 100, "taken": 900}
    assert await oversold(wide_hall) == []


@pytest.mark.case("AP-02")
async def test_nothing_is_oversold_when_redis_forgets_everything(wide_hall: Hall) -> None:
    ended = await rush(wide_hall, 600, cut=60)
    assert ended["booked"] == 100
    assert await oversold(wide_hall) == []


async def test_hours_change_amid_bookings_and_moves_and_nobody_waits_in_a_circle(wide_hall: Hall) -> None:
    hall, residents = wide_hall, await wide_hall.residents(24)

    def windows(hours: str, places: int) -> list[dict[str, Any]]:
        schedule = {"days": ["working"], "hours": hours, "places": {"public": places}}
        return [{**WINDOW, "code": code, "schedules": [schedule]} for code in ("w1", "w2")]

    changes = [windows("11:00-15:00", 3), windows("09:00-19:00", 2)]
    await hall.load({"offices": [{**OFFICE, "resources": changes[1]}]})

    async def live(nth: int) -> None:
        mine: UUID | None = None
        for step in range(6):
            try:
                held = await hall.hold(residents[nth], time_of(nth + 5 * step))
                mine = (await hall.confirm(residents[nth], held, replaced=mine)).id
            except TakenError:
                continue
            if step == 4:
                await hall.cancel(residents[nth], mine)
                return

    async def change() -> None:
        for number in range(6):
            await hall.load({"offices": [{**OFFICE, "resources": changes[number % 2]}]})

    await asyncio.gather(change(), *(live(nth) for nth in range(len(residents))))
    assert await oversold(hall) == []
    stranded = """SELECT b.id FROM booking b JOIN appointment_slot s ON s.id = ANY (b.slot_ids)
        WHERE b.state = 'confirmed' AND s.status = 'closed'"""
    assert await hall.ask(stranded) == []
    await hall.work(REST[1])
    assert await oversold(hall) == []


async def test_while_redis_is_away_times_are_given_out_unkept_and_the_database_decides(hall: Hall) -> None:
    away = Redis(unix_socket_path="/nowhere/valkey.sock")
    desk, of = replace(hall.desk(), turnstile=Turnstile(away)), await hall.wanted()
    residents, ended = await hall.residents(4), Counter[str]()
    holds = [await hold(desk, str(each), of, time_of(0)) for each in residents]
    assert [each.is_kept for each in holds] == [False] * 4
    await release(desk, holds[3])
    for account, held in zip(residents, holds, strict=True):
        try:
            async with hall.database.session() as session:
                comer = Comer("account:test", account, [await person_of(session, account)])
                ended[(await confirm(desk, session, held, comer)).state] += 1
        except TakenError:
            ended["taken"] += 1
    assert ended == {"confirmed": 2, "taken": 2}
    assert await oversold(hall) == []
    await away.aclose()
