"""The offices of ``yiwang run``: examples/appointments loaded. Doing it at every start changes nothing.

The hospital's clinic is booked at the hospital's own system, which is a part of its example application.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import update
from sqlmodel import col

from cli.example_entries import CITY
from cli.examples import Example
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


async def bring_up(settings: Settings, found: Sequence[Example], say: Callable[[str], None]) -> None:
    """Give the city its duty calendar, unless it has one, and load its offices; what is amiss is said, no more."""
    ports = {example.name: example.port for example in found}
    files = [(_FOLDER / "city.yaml").read_text()]
    if "hospital" in ports:
        files.append((_FOLDER / "hospital.yaml").read_text().replace(":9103", f":{ports['hospital']}"))
    try:
        async with open_database(settings) as database, database.session() as session:
            [name] = await duty.store(session, read_calendars((_FOLDER / "calendar.csv").read_bytes()), "Asia/Shanghai")
            unset = (col(Organisation.code) == CITY, col(Organisation.calendar).is_(None))
            await session.exec(update(Organisation).where(*unset).values(calendar=name))
            for text in files:
                await Loading(session, _CLOCK, operator()).load(msgspec.yaml.decode(text, type=OfficeFile))
    except YiwangError as error:
        say(f"the example offices are not all there: {error.said}")
