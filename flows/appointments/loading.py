"""The file of services, offices and hours becomes rows: whatever is new or different, and nothing the second time.

What the file does not name stays as it is; ``closed`` takes something out of use. The schedules of a resource are those
that its file has: another one ends, and slots follow (``filling``). Whoever has booked keeps their time, as a conflict.
"""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments import reminding
from flows.appointments.errors import OfficeFileError
from flows.appointments.filling import fill
from flows.appointments.office_file import (
    FileCounter,
    FileException,
    FileOffice,
    FileResource,
    FileService,
    FileSystem,
    OfficeFile,
    minute_of,
    span_of,
)
from flows.appointments.tables import (
    AppointmentException,
    AppointmentOffice,
    AppointmentResource,
    AppointmentSchedule,
    AppointmentService,
    AppointmentSlot,
    BookingSystem,
    HallCounter,
)
from kernel.audit.entries import Event, append
from kernel.clock import Clock
from kernel.rows import Change, Rows
from services_catalog.organisations.calendars import Calendar
from services_catalog.organisations.duty import calendar_of
from services_catalog.organisations.errors import UnknownOrganisationError
from services_catalog.tables import Department
from supergraph.findings import Finding

_SCHEDULE = ("days", "begin_minute", "end_minute", "quota", "services", "valid_from", "valid_to")


class Loaded(msgspec.Struct, frozen=True):
    """What a load has changed, and how many bookings have become conflicts by it."""

    changes: list[Change]
    conflicts: int


class Loading:
    """One load, in one transaction."""

    def __init__(self, session: AsyncSession, clock: Clock, actor: str) -> None:
        self._session, self._clock, self._actor = session, clock, actor
        self._rows = Rows(session, clock.now())
        self._findings: list[Finding] = []
        self._skills: set[str] = set()
        self._systems: set[str] = set()
        self._stale: list[AppointmentResource] = []

    async def load(self, file: OfficeFile) -> Loaded:
        """Write the file down, and the slots of what has changed. Raises OfficeFileError with all that is wrong."""
        for number, system in enumerate(file.systems):
            await self._system(system, f"/systems/{number}")
        for number, service in enumerate(file.services):
            await self._service(service, f"/services/{number}")
        self._skills = set((await self._session.exec(select(AppointmentService.code))).all())
        self._systems = set((await self._session.exec(select(BookingSystem.code))).all())
        for number, office in enumerate(file.offices):
            await self._office(office, f"/offices/{number}")
        if self._findings:
            raise OfficeFileError(self._findings)
        await self._read_anew({each.system for each in self._stale})
        conflicts = await fill(self._session, self._clock, [each.id for each in self._stale], anew=True)
        if self._rows.changes:
            details = {"changes": len(self._rows.changes), "conflicts": conflicts}
            event = Event(
                actor=self._actor, action="appointments.loaded", object="appointments:file", details=dict(details)
            )
            await append(self._session, self._clock, event)
        return Loaded(self._rows.changes, conflicts)

    async def _is_department(self, name: str, at: str) -> bool:
        if await self._session.get(Department, name) is not None:
            return True
        fix = "yiwang department list shows them."
        self._findings.append(Finding("error", f"{at}/department", f"no department {name}", fix))
        return False

    async def _system(self, system: FileSystem, at: str) -> None:
        if await self._is_department(system.department, at):
            values = {"department": system.department, "url": system.url.rstrip("/")}
            name = f"system:{system.code}"
            await self._rows.put(BookingSystem, {"code": system.code}, values, name, closed=system.closed)

    async def _read_anew(self, systems: Collection[str | None]) -> None:
        """Have all times of systems read again, now that their resources are others."""
        those = update(BookingSystem).where(col(BookingSystem.code).in_([each for each in systems if each]))
        await self._session.exec(those.values(synced_at=None, due_at=None))

    async def _service(self, service: FileService, at: str) -> None:
        if not await self._is_department(service.department, at):
            return
        values = msgspec.structs.asdict(service) | {
            "release_minute": minute_of(service.release),
            "questions": msgspec.to_builtins(service.questions),
        }
        for each in ("code", "release", "closed"):
            del values[each]
        before = await self._session.get(AppointmentService, service.code)
        reminded = before and before.remind_minutes
        key, name = {"code": service.code}, f"service:{service.code}"
        await self._rows.put(AppointmentService, key, values, name, closed=service.closed)
        if reminded not in (None, service.remind_minutes):
            await reminding.follow(self._session, self._clock, service.code)

    async def _office(self, office: FileOffice, at: str) -> None:
        calendar = await self._calendar(office, at)
        if calendar is None:
            return
        values = msgspec.structs.asdict(office) | {"time_zone": calendar.zone}
        for each in ("code", "resources", "counters", "exceptions", "closed"):
            del values[each]
        before = len(self._rows.changes)
        name = f"office:{office.code}"
        await self._rows.put(AppointmentOffice, {"code": office.code}, values, name, closed=office.closed)
        for differs in office.exceptions:
            await self._exception(office.code, differs, f"{name}/exception:{differs.day}")
        has_changed = len(self._rows.changes) > before
        for number, resource in enumerate(office.resources):
            await self._resource(office, resource, f"{at}/resources/{number}")
        for number, counter in enumerate(office.counters):
            await self._counter(office.code, counter, f"{at}/counters/{number}")
        if has_changed:
            of = select(AppointmentResource).where(AppointmentResource.office == office.code)
            rows = (await self._session.exec(of)).all()
            self._stale += [row for row in rows if row not in self._stale]

    async def _exception(self, office: str, differs: FileException, name: str) -> None:
        key = {"office": office, "day": differs.day}
        row = await self._session.get(AppointmentException, key)
        if not differs.withdrawn:
            if row is not None and row.closed_at is not None:
                return
            hours = [msgspec.to_builtins(span_of(each)) for each in differs.hours]
            await self._rows.put(AppointmentException, key, {"hours": hours, "note": differs.note}, name)
        elif row is not None:
            await self._session.delete(row)
            await self._session.flush()
            self._rows.changes.append(Change(name, "withdrawn"))

    async def _calendar(self, office: FileOffice, at: str) -> Calendar | None:
        problem, fix = "the organisation has no duty calendar", "Load one: yiwang calendar load FILE."
        calendar = None
        try:
            calendar = await calendar_of(self._session, self._clock.now().date(), office.organisation)
        except UnknownOrganisationError as error:
            problem, fix = error.message, error.fix
        if calendar is None:
            self._findings.append(Finding("error", f"{at}/organisation", problem, fix))
        return calendar

    async def _resource(self, office: FileOffice, resource: FileResource, at: str) -> None:
        if resource.system and resource.system not in self._systems:
            fix = "Write it among the systems."
            self._findings.append(Finding("error", f"{at}/system", f"there is no system {resource.system}", fix))
            return
        self._know(resource.skills, f"{at}/skills")
        known = await self._known(office.code, resource.code)
        if known is not None and known.slot_minutes != resource.slot_minutes and await self._is_booked(known):
            fix = "Make another resource, and end the schedules of this one."
            self._findings.append(Finding("error", f"{at}/slot_minutes", "somebody has booked by the former", fix))
            return
        values = msgspec.structs.asdict(resource)
        for each in ("code", "schedules", "closed"):
            del values[each]
        before, name = len(self._rows.changes), f"resource:{office.code}/{resource.code}"
        key = {"office": office.code, "code": resource.code}
        row = await self._rows.put(AppointmentResource, key, values, name, closed=resource.closed)
        await self._schedules(row, resource, name)
        if len(self._rows.changes) > before:
            self._stale.append(row)

    async def _counter(self, office: str, counter: FileCounter, at: str) -> None:
        self._know(counter.services, f"{at}/services")
        values = {"name_zh": counter.name_zh, "name_en": counter.name_en, "services": counter.services}
        name = f"counter:{office}/{counter.code}"
        key = {"office": office, "code": counter.code}
        await self._rows.put(HallCounter, key, values, name, closed=counter.closed)

    def _know(self, services: Collection[str], at: str) -> None:
        for unknown in sorted(set(services) - self._skills):
            fix = "Write it among the services."
            self._findings.append(Finding("error", at, f"there is no service {unknown}", fix))

    async def _known(self, office: str, code: str) -> AppointmentResource | None:
        of = select(AppointmentResource).where(AppointmentResource.office == office, AppointmentResource.code == code)
        return (await self._session.exec(of)).first()

    async def _is_booked(self, row: AppointmentResource) -> bool:
        taken = select(AppointmentSlot.id).where(
            AppointmentSlot.resource_id == row.id,
            col(AppointmentSlot.taken) > 0,
            col(AppointmentSlot.ends_at) > self._clock.now(),
        )
        return (await self._session.exec(taken.limit(1))).first() is not None

    async def _schedules(self, row: AppointmentResource, resource: FileResource, name: str) -> None:
        """End the schedules that the file no longer has, and add those that are new."""
        wanted: list[dict[str, Any]] = [
            {
                "days": list(each.days),
                "begin_minute": each.span.begin,
                "end_minute": each.span.end,
                "quota": each.quota,
                "services": each.services or list(resource.skills),
                "valid_from": each.valid_from,
                "valid_to": each.valid_to,
            }
            for each in resource.schedules
            if not resource.closed
        ]
        kept = select(AppointmentSchedule).where(
            AppointmentSchedule.resource_id == row.id, col(AppointmentSchedule.ended_at).is_(None)
        )
        for held in (await self._session.exec(kept)).all():
            terms = {each: getattr(held, each) for each in _SCHEDULE}
            if row.system and not held.days:
                continue  # of a mirror
            if terms in wanted:
                wanted.remove(terms)
            else:
                held.ended_at = self._clock.now()
                self._session.add(held)
                self._rows.changes.append(Change(f"{name}/{_hours_said(terms)}", "ended"))
        for terms in wanted:
            self._session.add(AppointmentSchedule(resource_id=row.id, **terms))
            self._rows.changes.append(Change(f"{name}/{_hours_said(terms)}", "added"))
        await self._session.flush()


def _hours_said(terms: Mapping[str, Any]) -> str:
    """Return what tells a resource's schedules apart for whoever has written the file: ``mon,wed 09:00-12:00``."""
    begin, end = (f"{minute // 60:02}:{minute % 60:02}" for minute in (terms["begin_minute"], terms["end_minute"]))
    since = f" from {terms['valid_from']}" if terms["valid_from"] else ""
    return f"schedule:{','.join(terms['days'])} {begin}-{end}{since}"


async def offices_without_hours(session: AsyncSession, codes: Collection[str]) -> list[str]:
    """Return those offices of a file that serve nobody yet: no resource of theirs has a schedule."""
    served = (
        select(AppointmentResource.office)
        .join(AppointmentSchedule, col(AppointmentSchedule.resource_id) == col(AppointmentResource.id), isouter=True)
        .where(
            col(AppointmentSchedule.ended_at).is_(None),
            col(AppointmentSchedule.id).is_not(None) | col(AppointmentResource.system).is_not(None),
            col(AppointmentResource.office).in_(codes),
        )
    )
    there = set((await session.exec(served)).all())
    return sorted(set(codes) - there)
