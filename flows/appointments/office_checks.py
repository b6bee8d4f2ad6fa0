"""What of an office file contradicts what is there: departments, calendars, services, systems and who has booked.

The file may have defects of its own: what cannot be read in it is None (``office_reading``), and nothing is said of it.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.office_file import FileOffice, FileResource, OfficeFile
from flows.appointments.tables import AppointmentResource, AppointmentService, AppointmentSlot, BookingSystem
from kernel.clock import Clock
from services_catalog.organisations.duty import calendar_of
from services_catalog.organisations.errors import UnknownOrganisationError
from services_catalog.strict_file import defect
from services_catalog.tables import Department
from supergraph.findings import Finding


class Checked(NamedTuple):
    """What is wrong with a file, and the time zone of each organisation that its offices are of."""

    findings: list[Finding]
    zones: dict[str, str]


async def checked(session: AsyncSession, clock: Clock, file: OfficeFile) -> Checked:
    """Look at all of a file; nothing is written."""
    departments = set((await session.exec(select(Department.name))).all())
    services = {*(await session.exec(select(AppointmentService.code))).all(), *(each.code for each in file.services)}
    systems = {*(await session.exec(select(BookingSystem.code))).all(), *(each.code for each in file.systems)}
    findings = [*_departments(file, departments), *_services(file, services), *_systems(file, systems)]
    zones: dict[str, str] = {}
    for number, office in enumerate(file.offices):
        if office.organisation:
            findings += await _calendar(session, clock, office, f"/offices/{number}/organisation", zones)
        for place, resource in enumerate(office.resources):
            findings += await _grid(session, clock, office, resource, f"/offices/{number}/resources/{place}")
    return Checked(findings, zones)


def _departments(file: OfficeFile, there: Collection[str]) -> Iterator[Finding]:
    named = [(f"/systems/{number}", each.department) for number, each in enumerate(file.systems)]
    named += [(f"/services/{number}", each.department) for number, each in enumerate(file.services)]
    for at, department in named:
        if department and department not in there:
            wrong, fix = f"there is no department {department}", "yiwang department list shows them."
            yield defect(f"{at}/department", wrong, fix)


def _services(file: OfficeFile, there: Collection[str]) -> Iterator[Finding]:
    for number, office in enumerate(file.offices):
        of = [(f"resources/{place}/skills", each.skills) for place, each in enumerate(office.resources)]
        of += [(f"counters/{place}/services", each.services) for place, each in enumerate(office.counters)]
        for key, codes in of:
            for unknown in sorted(set(codes or ()) - {*there}):
                wrong, fix = f"there is no service {unknown}", "Write it among the services."
                yield defect(f"/offices/{number}/{key}", wrong, fix)


def _systems(file: OfficeFile, there: Collection[str]) -> Iterator[Finding]:
    for number, office in enumerate(file.offices):
        for place, each in enumerate(office.resources):
            if each.system and each.system not in there:
                wrong, fix = f"there is no system {each.system}", "Write it among the systems."
                yield defect(f"/offices/{number}/resources/{place}/system", wrong, fix)


async def _calendar(
    session: AsyncSession, clock: Clock, office: FileOffice, at: str, zones: dict[str, str]
) -> list[Finding]:
    """Note the zone of an office's calendar, or return what is wrong with it."""
    try:
        calendar = await calendar_of(session, clock.now().date(), office.organisation)
    except UnknownOrganisationError as error:
        return [defect(at, f"there is no organisation {office.organisation}", error.fix)]
    if calendar is None:
        return [defect(at, "the organisation has no duty calendar", "Load one: yiwang calendar load FILE.")]
    zones[office.organisation] = calendar.zone
    return []


async def _grid(
    session: AsyncSession, clock: Clock, office: FileOffice, resource: FileResource, at: str
) -> list[Finding]:
    """Whoever has booked keeps the grid of the resource's times."""
    taken = (
        select(AppointmentResource.slot_minutes)
        .join(AppointmentSlot, col(AppointmentSlot.resource_id) == col(AppointmentResource.id))
        .where(AppointmentResource.office == office.code, AppointmentResource.code == resource.code)
        .where(col(AppointmentSlot.taken) > 0, col(AppointmentSlot.ends_at) > clock.now())
    )
    former = (await session.exec(taken.limit(1))).first()
    if former is None or resource.slot_minutes in (None, former):
        return []
    fix = "Make another resource, and end the schedules of this one."
    return [defect(f"{at}/slot_minutes", f"somebody has booked by the former {former} minutes", fix)]
