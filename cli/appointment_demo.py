"""The offices of ``yiwang run``: examples/appointments loaded, the stickers of their halls, and where they are.

Doing it at every start changes nothing.

The hospital's clinic is booked at the hospital's own system, which is a part of its example application.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.issuer import issuer
from cli.example_entries import CITY
from cli.example_stickers import sticker
from cli.examples import Example
from cli.ports import url
from cli.who import operator
from flows.appointments.loading import Loading
from flows.appointments.office_file import FileOffice, OfficeFile
from flows.codes import place_codes, places
from flows.codes.place_tables import StaticCode
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from kernel.database import open_database
from kernel.errors import YiwangError
from kernel.settings import Settings
from services_catalog.organisations import duty
from services_catalog.organisations.calendar_file import read_calendars
from services_catalog.organisations.tables import Organisation

_FOLDER = Path(__file__).parents[1] / "examples" / "appointments"
_CLOCK = SystemClock()


async def bring_up(settings: Settings, found: Sequence[Example], say: Callable[[str], None]) -> list[str]:
    """Give the city its duty calendar, unless it has one, load its offices, and return what the welcome says of them.

    What is amiss is said, no more.
    """
    base = url(settings.gateway_host, settings.gateway_port)
    lines = ["", "Come to an appointment (docs/halls.md, Try it):", f"  your phone {base}/appointments"]
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
                file = msgspec.yaml.decode(text, type=OfficeFile)
                await Loading(session, _CLOCK, operator()).load(file)
                halls = [office for office in file.offices if office.counters]
                lines += [f"  sticker    {await _sticker(session, settings, hall)}" for hall in halls]
    except YiwangError as error:
        say(f"the example offices are not all there: {error.said}")
        return []
    pages = f"  staff      {base}/hall, {base}/desk, a hall's screen {base}/hall/display"
    return [*lines, pages, "             with keys that you make: docs/halls.md, Who works there"]


async def _sticker(session: AsyncSession, settings: Settings, office: FileOffice) -> str:
    """Register the sticker of an office's hall, which residents scan when they come, unless there is one; its text."""
    place = StaticCode(
        object_id=b"",
        short_code="",
        kind="counter",
        reference=f"office:{office.code}",
        name_zh=f"{office.name_zh} 大厅",
        name_en=f"{office.name_en}, hall",
        street_zh=office.address_zh,
        street_en=office.address_en,
        latitude=office.latitude,
        longitude=office.longitude,
        kid=0,
        created_at=_CLOCK.now(),
    )
    cipher = open_keys(settings).cipher
    row = await sticker(session, cipher, place)
    code = place_codes.PlaceCode(row.kind, row.object_id, row.kid)
    return place_codes.payload(
        places.base_url(settings, issuer(settings)), code, await places.mac_keys(session, cipher)
    )
