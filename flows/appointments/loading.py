"""The file of services, offices and hours becomes rows: whatever is new or different, and nothing the second time.

What the file does not name stays as it is; ``closed`` takes something out of use. The schedules of a resource are those
that its file has: another one ends, and slots follow (``filling``). Whoever has booked keeps their time, as a conflict.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments import reminding
from flows.appointments.errors import OfficeFileError
from flows.appointments.filling import fill
from flows.appointments.office_checks import checked
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
    BookingSystem,
    HallCounter,
)
from kernel.audit.entries import Event, append
from kernel.clock import Clock
from kernel.rows import Change, Rows
from supergraph.findings import Finding

_SCHEDULE = ("days", "begin_minute", "end_minute", "quota", "services", "valid_from", "valid_to")


class Loaded(msgspec.Struct, frozen=True):
    """What a load has changed, and how many bookings have become conflicts by it.

    ``left``: what the file would have otherwise and stays as its office has decided, such as ``hall 2026-12-02``.
    """

    changes: list[Change]
    conflicts: int
    left: list[str]


class Loading:
    """One load, in one transaction."""

    def __init__(self, session: AsyncSession, clock: Clock, actor: str) -> None:
        self._session, self._clock, self._actor = session, clock, actor
        self._rows = Rows(session, clock.now())
        self._zones: Mapping[str, str] = {}
        self._stale: list[AppointmentResource] = []
        self._left: list[str] = []

    async def load(self, file: OfficeFile, defects: Sequence[Finding] = ()) -> Loaded:
        """Write the file down, and the slots of what has changed. ``defects``: what reading it has found.

        Raises OfficeFileError with all that is wrong, before anything is written.
        """
        found, self._zones = await checked(self._session, self._clock, file)
        if defects or found:
            raise OfficeFileError([*defects, *found])
        for system in file.systems:
            await self._system(system)
        for service in file.services:
            await self._service(service)
        for office in file.offices:
            await self._office(office)
        await self._read_anew({each.system for each in self._stale})
        conflicts = await fill(self._session, self._clock, [each.id for each in self._stale], anew=True)
        if self._rows.changes:
            details = {"changes": len(self._rows.changes), "conflicts": conflicts}
            event = Event(
                actor=self._actor, action="appointments.loaded", object="appointments:file", details=dict(details)
            )
            await append(self._session, self._clock, event)
        return Loaded(self._rows.changes, conflicts, self._left)

    async def _system(self, system: FileSystem) -> None:
        values = {"department": system.department, "url": system.url.rstrip("/")}
        name = f"system:{system.code}"
        await self._rows.put(BookingSystem, {"code": system.code}, values, name, closed=system.closed)

    async def _read_anew(self, systems: Collection[str | None]) -> None:
        """Have all times of systems read again, now that their resources are others."""
        those = update(BookingSystem).where(col(BookingSystem.code).in_([each for each in systems if each]))
        await self._session.exec(those.values(synced_at=None, due_at=None))

    async def _service(self, service: FileService) -> None:
        values = msgspec.structs.asdict(service) | {
            "release_minute": minute_of(service.release),
            "questions": msgspec.to_builtins(service.questions),
            "documents_zh": service.documents_zh or service.documents,
        }
        for each in ("code", "release", "closed", "documents"):
            del values[each]
        before = await self._session.get(AppointmentService, service.code)
        reminded = before and before.remind_minutes
        key, name = {"code": service.code}, f"service:{service.code}"
        await self._rows.put(AppointmentService, key, values, name, closed=service.closed)
        if reminded not in (None, service.remind_minutes):
            await reminding.follow(self._session, self._clock, service.code)

    async def _office(self, office: FileOffice) -> None:
        values = msgspec.structs.asdict(office) | {"time_zone": self._zones[office.organisation]}
        for each in ("code", "resources", "counters", "exceptions", "closed"):
            del values[each]
        name = f"office:{office.code}"
        former = await self._session.get(AppointmentOffice, office.code)
        days = former and _days_by(former)
        row = await self._rows.put(AppointmentOffice, {"code": office.code}, values, name, closed=office.closed)
        before = len(self._rows.changes)
        for differs in office.exceptions:
            await self._exception(office.code, differs, f"{name}/exception:{differs.day}")
        has_changed = days != _days_by(row) or len(self._rows.changes) > before
        for resource in office.resources:
            await self._resource(office, resource)
        for counter in office.counters:
            await self._counter(office.code, counter)
        if has_changed:
            of = select(AppointmentResource).where(AppointmentResource.office == office.code)
            rows = (await self._session.exec(of)).all()
            self._stale += [row for row in rows if row not in self._stale]

    async def _exception(self, office: str, differs: FileException, name: str) -> None:
        key = {"office": office, "day": differs.day}
        row = await self._session.get(AppointmentException, key)
        if not differs.withdrawn:
            hours = [msgspec.to_builtins(span_of(each)) for each in differs.hours]
            if row is not None and row.closed_at is not None:
                self._left += [f"{office} {differs.day}"] if hours else []
                return
            await self._rows.put(AppointmentException, key, {"hours": hours, "note": differs.note}, name)
        elif row is not None:
            await self._session.delete(row)
            await self._session.flush()
            self._rows.changes.append(Change(name, "withdrawn"))

    async def _resource(self, office: FileOffice, resource: FileResource) -> None:
        values = msgspec.structs.asdict(resource)
        for each in ("code", "schedules", "closed"):
            del values[each]
        before, name = len(self._rows.changes), f"resource:{office.code}/{resource.code}"
        key = {"office": office.code, "code": resource.code}
        row = await self._rows.put(AppointmentResource, key, values, name, closed=resource.closed)
        await self._schedules(row, resource, name)
        if len(self._rows.changes) > before:
            self._stale.append(row)

    async def _counter(self, office: str, counter: FileCounter) -> None:
        values = {"name_zh": counter.name_zh, "name_en": counter.name_en, "services": counter.services}
        name = f"counter:{office}/{counter.code}"
        key = {"office": office, "code": counter.code}
        await self._rows.put(HallCounter, key, values, name, closed=counter.closed)

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


def _days_by(office: AppointmentOffice) -> tuple[str, str, datetime | None]:
    """Return all of an office itself that its slots are of: where it is and how it is reached is not."""
    return office.organisation, office.time_zone, office.closed_at


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
