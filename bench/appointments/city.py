"""The city of the benchmark: one hall with few places for a rush, and 300 offices to search."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlmodel import select

from flows.appointments.lines import draw
from flows.appointments.loading import Loading
from flows.appointments.office_file import OfficeFile
from flows.appointments.tables import AppointmentResource
from kernel.clock import CHINA, SystemClock
from kernel.database import Database, driver
from services_catalog.organisations import duty
from services_catalog.organisations.calendar_file import read_calendars
from services_catalog.organisations.tables import EVER, Organisation, OrganisationPlace

CLOCK = SystemClock()
SERVICE, SEARCHED, HALL = "marriage", "passport", "hall"
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_OFFICES, _WINDOWS = 300, 4
_FILL_UP = """
    ALTER TABLE appointment_slot DISABLE TRIGGER appointment_line_follow;
    SELECT setseed(0.5);
    UPDATE appointment_slot SET taken = 1, used[1] = 1 WHERE capacity = 1 AND random() < 0.6;
    ALTER TABLE appointment_slot ENABLE TRIGGER appointment_line_follow;
"""
_CALENDAR = "calendar,day,kind,hours,note,source\n" + "".join(f"city,{day},working,00:00-24:00,,\n" for day in _WEEK)


async def build(database: Database, department: str, *, search: bool) -> None:
    """Load the hall, whose windows have 40 times of a day with five places each, and the offices."""
    async with database.session() as session:
        await duty.store(session, read_calendars(_CALENDAR.encode()), "Asia/Shanghai")
        named: dict[str, Any] = {"code": "city", "name_zh": "市", "tier": "city", "kind": "government"}
        session.add(Organisation(**named, calendar="city", path="city", guidance_path="city"))
        await session.flush()
        session.add(OrganisationPlace(organisation="city", since=EVER, path="city", guidance_path="city"))
    offices = [_office(HALL, [_window(SERVICE, 1, "08:00-18:00", 15, 5)])]
    if search:
        windows = [_window(SEARCHED, number, "09:00-17:00", 30, 1) for number in range(_WINDOWS)]
        offices += [_office(f"office-{number}", windows) for number in range(_OFFICES)]
    services = [_service(SERVICE, "A", 15, department), _service(SEARCHED, "B", 30, department)]
    file = msgspec.convert({"services": services, "offices": offices}, OfficeFile)
    async with database.session() as session:
        await Loading(session, CLOCK, "operator:bench").load(file)


async def fill_up(database: Database) -> None:
    """Have six of ten places of the offices taken, anywhere, and the server know how many rows there are."""
    await database.pool.execute(_FILL_UP)
    async with database.session() as session:
        resources = (await session.exec(select(AppointmentResource))).all()
    today = CLOCK.now().astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    for each in resources:
        async with database.session() as session:
            await draw(await driver(session), each, today)
    await database.pool.execute("ANALYZE")


def times(ahead: int) -> list[datetime]:
    """Return the 40 times of the hall on a day so many days from now."""
    day = CLOCK.now().astimezone(CHINA).replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=ahead)
    return [day + timedelta(minutes=15 * number) for number in range(40)]


def _service(code: str, letter: str, minutes: int, department: str) -> dict[str, Any]:
    return {
        "code": code, "department": department, "name_zh": code, "letter": letter, "minutes": minutes, "days": 15,
        "release": "00:00",
    }  # fmt: skip


def _office(code: str, resources: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "code": code, "organisation": "city", "name_zh": code, "latitude": 31.2, "longitude": 121.4,
        "resources": resources,
    }  # fmt: skip


def _window(service: str, number: int, hours: str, minutes: int, places: int) -> dict[str, Any]:
    return {
        "code": f"w{number}-x", "name_zh": f"{number}", "slot_minutes": minutes, "skills": [service],
        "schedules": [{"days": list(_WEEK), "hours": hours, "places": {"public": places}}],
    }  # fmt: skip
