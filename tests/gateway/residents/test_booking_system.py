"""A clinic with its own booking system, through the graph: as any other office, and the hospital has it, too."""

import re
from datetime import datetime
from uuid import UUID

import httpx
import pytest
from redis.asyncio import Redis

from flows.appointments.systems import doors
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from tests.appointments.hall import Hall
from tests.appointments.hospital import opened
from tests.gateway.conftest import City
from tests.gateway.residents.desks import LI, staff
from tests.gateway.residents.hosts import Phones, ask, sign_in
from tests.gateway.residents.test_appointments import CANCEL, CONFIRM, HOLD, MOVE, OFFICES, TIMES


def _of_clinic(text: str) -> str:
    return text.replace('"marriage"', '"vaccination"').replace('"hall"', '"hospital-clinic"')


async def test_it_is_found_held_confirmed_moved_and_cancelled(city: City, phones: Phones, redis: Redis) -> None:
    hall = Hall(city.settings, city.gateway.database, redis, open_keys(city.settings))
    hall.clock.advance(SystemClock().now() - hall.clock.now())
    async with opened(hall, city.gateway.environment.issuer) as clinic:
        [office] = (await ask(city, OFFICES, service="vaccination"))["data"]["appointmentOffices"]
        day = office["days"][-1]["day"]
        times = (await ask(city, _of_clinic(TIMES), day=day))["data"]["appointmentTimes"]
        first, second = (datetime.fromisoformat(each["startsAt"]) for each in times[:2])
        assert [each["places"] for each in times] == [3] * 14
        who = await sign_in(city, phones, "wang")
        hold, confirm = _of_clinic(HOLD), _of_clinic(CONFIRM)
        booked = await who.data(confirm, hold=(await who.data(hold, at=times[0]["startsAt"]))["hold"])
        assert clinic.slot(first).booked == [UUID(booked["id"])]
        wish = clinic.registration.appointments[UUID(booked["id"])]
        assert (wish.service, wish.starts) == ("vaccination", first)
        moved = await who.data(MOVE, id=booked["id"], hold=(await who.data(hold, at=times[1]["startsAt"]))["hold"])
        await clinic.poll()
        assert (clinic.slot(first).booked, clinic.slot(second).booked) == ([], [UUID(moved["id"])])
        assert (await who.data(CANCEL, id=moved["id"]))["state"] == "cancelled"
        await clinic.poll()
        assert clinic.slot(second).booked == []

        held = await who.data(hold, at=times[2]["startsAt"])
        for _ in range(3):
            await clinic.patient(datetime.fromisoformat(times[2]["startsAt"]))
        refused = (await who.ask(confirm, hold=held["hold"]))["errors"][0]["extensions"]
        assert refused["code"] == "APPOINTMENT_TAKEN"
        assert all(re.fullmatch(r"20.*Z", each) for each in refused["nextFree"])
        clinic.faults["PUT"] = ["500 "]
        held = await who.data(hold, at=times[3]["startsAt"])
        away = (await who.ask(confirm, hold=held["hold"]))["errors"][0]["extensions"]
        assert away["code"] == "APPOINTMENT_SYSTEM_AWAY"
        assert (await who.data(confirm, hold=held["hold"]))["state"] == "confirmed"


async def test_staff_wait_for_their_turn_there_before_they_book(
    city: City, redis: Redis, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall = Hall(city.settings, city.gateway.database, redis, open_keys(city.settings))
    hall.clock.advance(SystemClock().now() - hall.clock.now())
    async with opened(hall, city.gateway.environment.issuer) as clinic:
        hall.clock.advance(SystemClock().now() - hall.clock.now())  # roles begin by it
        await hall.ask("UPDATE appointment_slot SET quota = '{0,3,0,0}' RETURNING id")
        hotline, of = await staff(hall, client, "hotline"), {"service": "vaccination"}
        day = (await hotline.done("/days", "GET", **of))["days"][-1]["day"]
        at = (await hotline.done("/times", "GET", **of, at="hospital-clinic", day=day))["times"][0]["startsAt"]
        held = await hotline.done("/holds", **of, office="hospital-clinic", startsAt=at, idNumber=LI)
        monkeypatch.setattr(doors, "_AT_A_TIME", 0)
        monkeypatch.setattr(doors, "_TURN_SECONDS", 0.05)
        away = (503, "APPOINTMENT_SYSTEM_AWAY")
        assert await hotline.code("/cases", hold=held["hold"], idNumber=LI) == away
        assert clinic.slot(datetime.fromisoformat(at)).booked == []
