"""The file of operators becomes rows: whatever is new or different, and nothing the second time.

What the file does not name stays as it is; ``closed`` takes something out of use. A tariff's versions are only added,
and one that others have entered under is never put before them: it begins in the future, unless that is forced. Nor is
a day that has begun another kind of day, and what a lot charges by is noted before it changes.
"""

from datetime import datetime, time
from uuid import UUID

import msgspec
from sqlalchemy import func
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.codes.tables import CodeVerifier
from flows.parking.errors import OperatorFileError, TariffRefusedError
from flows.parking.holidays import Holidays
from flows.parking.operator_file import FileHoliday, FileLot, FileOperator, FileTariff, OperatorFile
from flows.parking.publishing import NewTariff, publish_tariff
from flows.parking.session_tables import ParkingSession
from flows.parking.tables import (
    CHARGED_BY,
    ParkingBay,
    ParkingFormerTerms,
    ParkingHoliday,
    ParkingLane,
    ParkingLot,
    ParkingOperator,
    ParkingTariff,
)
from kernel.audit.entries import Event, append
from kernel.clock import CHINA, Clock
from kernel.rows import Change, Rows
from services_catalog.tables import Department
from supergraph.findings import Finding


class Loading:
    """One load, in one transaction. ``force`` lets a tariff's version begin in the past."""

    def __init__(self, session: AsyncSession, clock: Clock, actor: str, *, force: bool = False) -> None:
        self._session, self._clock, self._actor, self._force = session, clock, actor, force
        self._rows = Rows(session, clock.now())
        self._findings: list[Finding] = []

    async def load(self, file: OperatorFile) -> list[Change]:
        """Write the file down and return what changed. Raises OperatorFileError with all that speaks against it."""
        for number, operator in enumerate(file.operators):
            await self._operator(operator, f"/operators/{number}")
        for number, holiday in enumerate(file.holidays):
            await self._holiday(holiday, f"/holidays/{number}")
        if self._findings:
            raise OperatorFileError(self._findings)
        if self._rows.changes:
            loaded = {"changes": len(self._rows.changes), "forced": self._force}
            event = Event(actor=self._actor, action="parking.loaded", object="parking:file", details=dict(loaded))
            await append(self._session, self._clock, event)
        return self._rows.changes

    async def _operator(self, operator: FileOperator, at: str) -> None:
        values = {
            "name_zh": operator.name_zh,
            "name_en": operator.name_en,
            "credit_code": operator.credit_code,
            "department": operator.department or None,
        }
        if operator.department and await self._session.get(Department, operator.department) is None:
            fix = "yiwang department list shows them."
            self._findings.append(Finding("error", f"{at}/department", f"no department {operator.department}", fix))
            return
        name = f"operator:{operator.id}"
        await self._rows.put(ParkingOperator, {"id": operator.id}, values, name, closed=operator.closed)
        for number, tariff in enumerate(operator.tariffs):
            await self._tariff(operator.id, tariff, f"{at}/tariffs/{number}")
        for number, lot in enumerate(operator.lots):
            await self._lot(operator.id, lot, f"{at}/lots/{number}")

    async def _tariff(self, operator_id: str, tariff: FileTariff, at: str) -> None:
        wanted = NewTariff(operator_id=operator_id, code=tariff.code, data=tariff.data, valid_from=tariff.valid_from)
        now = self._clock.now()
        try:
            made = await publish_tariff(self._session, self._clock, wanted, self._actor, forced=self._force)
        except TariffRefusedError as error:
            fix = "Whoever has entered is charged by what was published: let a new version begin in the future."
            self._findings += [Finding("error", f"{at}/valid_from", each.problem, fix) for each in error.findings]
            return
        if made.published_at >= now:
            self._rows.changes.append(Change(f"tariff:{operator_id}/{tariff.code}/{made.version}", "published"))

    async def _lot(self, operator_id: str, lot: FileLot, at: str) -> None:
        tariffs = select(ParkingTariff.id).where(
            ParkingTariff.operator_id == operator_id, ParkingTariff.code == lot.tariff
        )
        if (await self._session.exec(tariffs)).first() is None:
            fix = "Write a tariff of this code beside the lots."
            self._findings.append(Finding("error", f"{at}/tariff", f"the operator has no tariff {lot.tariff}", fix))
            return
        fields = set(FileLot.__struct_fields__) - {"code", "lanes", "bays", "closed"}
        values = {name: msgspec.to_builtins(getattr(lot, name)) for name in fields}
        name, key = f"lot:{operator_id}/{lot.code}", {"operator_id": operator_id, "code": lot.code}
        terms = select(*(getattr(ParkingLot, each) for each in CHARGED_BY)).filter_by(**key)
        was = (await self._session.exec(terms)).first()
        row = await self._rows.put(ParkingLot, key, values, name, closed=lot.closed)
        if was is not None and was != tuple(getattr(row, each) for each in CHARGED_BY):
            former = dict(zip(CHARGED_BY, was, strict=True))
            self._session.add(ParkingFormerTerms(lot_id=row.id, until=self._clock.now(), **former))
        for lane in lot.lanes:
            where = {"lot_id": row.id, "name": lane.name}
            values = {"device_id": str(lane.device), "direction": lane.direction, "fail_open": lane.fail_open}
            await self._rows.put(
                ParkingLane, where, values, f"lane:{operator_id}/{lot.code}/{lane.name}", closed=lane.closed
            )
        for bay in lot.bays:
            where = {"lot_id": row.id, "number": bay.number}
            values = {"kind": bay.kind, "latitude": bay.latitude, "longitude": bay.longitude}
            await self._rows.put(
                ParkingBay, where, values, f"bay:{operator_id}/{lot.code}/{bay.number}", closed=bay.closed
            )

    async def _holiday(self, holiday: FileHoliday, at: str) -> None:
        key = {"region": holiday.region, "day": holiday.day}
        known = await self._session.get(ParkingHoliday, key)
        was = known.kind if known is not None else Holidays({}).of(holiday.day)
        if holiday.kind != was and not self._force and await self._has_parked(holiday):
            problem = f"{holiday.day} is charged as {was} already"
            fix = "Whoever has parked pays by what was known: leave it, or --force it."
            self._findings.append(Finding("error", f"{at}/kind", problem, fix))
            return
        values = {"kind": holiday.kind, "name_zh": holiday.name_zh, "source": holiday.source}
        await self._rows.put(ParkingHoliday, key, values, f"holiday:{holiday.region}/{holiday.day}")

    async def _has_parked(self, holiday: FileHoliday) -> bool:
        """Whether a day has begun and somebody has parked since in a lot that goes by it."""
        begun = datetime.combine(holiday.day, time(), CHINA)
        if begun > self._clock.now():
            return False
        former = select(ParkingFormerTerms.lot_id).where(ParkingFormerTerms.holiday_region == holiday.region)
        lots = select(ParkingLot.id).where(
            or_(ParkingLot.holiday_region == holiday.region, col(ParkingLot.id).in_(former))
        )
        ended = func.coalesce(ParkingSession.left_at, ParkingSession.orphan_closed_at)
        stays = select(ParkingSession.id).where(
            col(ParkingSession.lot_id).in_(lots),
            col(ParkingSession.superseded_by).is_(None),
            or_(ended.is_(None), ended > begun),
        )
        return (await self._session.exec(stays.limit(1))).first() is not None


async def unregistered(session: AsyncSession, file: OperatorFile) -> list[tuple[str, UUID]]:
    """Return the lanes whose devices are no registered verifiers: nobody can send their events yet."""
    lanes = [
        (f"/operators/{i}/lots/{j}/lanes/{k}", lane.device)
        for i, operator in enumerate(file.operators)
        for j, lot in enumerate(operator.lots)
        for k, lane in enumerate(lot.lanes)
    ]
    known = select(CodeVerifier.id).where(
        col(CodeVerifier.id).in_({device for _, device in lanes}), col(CodeVerifier.revoked_at).is_(None)
    )
    there = set((await session.exec(known)).all())
    return [(at, device) for at, device in lanes if device not in there]
