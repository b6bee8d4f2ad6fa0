"""The offices of ``yiwang run``: examples/appointments loaded. Doing it at every start changes nothing."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from sqlalchemy import update
from sqlmodel import col

from cli.example_entries import CITY
from cli.who import operator
from flows.appointments.loading import Loading
from flows.appointments.office_file import OfficeFile
from kernel.clock import SystemClock
from kernel.database import open_database
from kernel.errors import YiwangError
from kernel.settings import Settings
from services_catalog.organisations import duty
from services_catalog.organisations.calendar_file import read_calendars
from services_catalog.organisations.tables import Organisation

_FOLDER = Path(__file__).parents[1] / "examples" / "appointments"
_CLOCK = SystemClock()


async def bring_up(settings: Settings, say: Callable[[str], None]) -> None:
    """Give the city its duty calendar, unless it has one, and load its offices; what is amiss is said, no more."""
    file = msgspec.yaml.decode((_FOLDER / "city.yaml").read_bytes(), type=OfficeFile)
    try:
        async with open_database(settings) as database, database.session() as session:
            [name] = await duty.store(session, read_calendars((_FOLDER / "calendar.csv").read_bytes()), "Asia/Shanghai")
            unset = (col(Organisation.code) == CITY, col(Organisation.calendar).is_(None))
            await session.exec(update(Organisation).where(*unset).values(calendar=name))
            await Loading(session, _CLOCK, operator()).load(file)
    except YiwangError as error:
        say(f"the example offices are not all there: {error.said}")
