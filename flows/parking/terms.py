"""What a lot charges by: its tariff's versions, its region's holidays, and who has permits; read once a transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.fees import Fee
from flows.parking.holidays import Holidays
from flows.parking.session_tables import ParkingSession
from flows.parking.tables import ParkingHoliday, ParkingLot, ParkingTariff
from flows.parking.tariff import Stay, TariffVersion
from flows.parking.tariff_data import read_tariff
from flows.parking.vehicle_tables import ParkingPermit


class Version(Struct, frozen=True):
    """A version of the lot's tariff, from when on."""

    id: UUID
    valid_from: datetime
    rules: TariffVersion


class Terms:
    """How a lot charges."""

    def __init__(
        self, lot: ParkingLot, versions: list[Version], holidays: Holidays, permits: Mapping[bytes, list[ParkingPermit]]
    ) -> None:
        self.lot = lot
        self.holidays = holidays
        self._versions = versions
        self._permits = permits

    @property
    def free_once(self) -> bool:
        """Whether the free minutes depend on earlier stays."""
        return any(version.rules.tariff.free.once_in_hours for version in self._versions)

    def version(self, entered_at: datetime) -> Version | None:
        """Return the version that holds for an entry; before the first one, the first one."""
        valid = [version for version in self._versions if version.valid_from <= entered_at]
        return valid[-1] if valid else next(iter(self._versions), None)

    def grace(self, row: ParkingSession) -> timedelta:
        """Return how long there is to leave after paying."""
        version = self.version(row.entered_at or row.opened_at)
        return timedelta(minutes=version.rules.tariff.grace_after_pay_minutes if version else 0)

    def stay(self, credential: bytes, entered_at: datetime, vehicle_class: str, free_at: datetime | None) -> Stay:
        """Return what the fee of a stay depends on."""
        permits = [
            permit.name
            for permit in self._permits.get(credential, ())
            if permit.since <= entered_at and (permit.until is None or entered_at < permit.until)
        ]
        return Stay(
            entered_at=entered_at,
            vehicle_class=vehicle_class,
            area_class=self.lot.area_class,
            permit=permits[0] if permits else "",
            free_at=free_at,
        )

    def fee(self, stay: Stay, until: datetime) -> Fee | None:
        """Return what a stay costs by its entry's version; None if the lot has no tariff yet."""
        version = self.version(stay.entered_at)
        return None if version is None else version.rules.fee(stay, until, self.holidays)


async def terms_of(session: AsyncSession, lot: ParkingLot, credentials: Iterable[bytes]) -> Terms:
    """Read what a lot charges by, with the permits of some credentials."""
    versions = select(ParkingTariff).where(
        ParkingTariff.operator_id == lot.operator_id, ParkingTariff.code == lot.tariff
    )
    rows = (await session.exec(versions.order_by(col(ParkingTariff.valid_from)))).all()
    holidays = await session.exec(select(ParkingHoliday).where(ParkingHoliday.region == lot.holiday_region))
    chosen = select(ParkingPermit).where(
        ParkingPermit.operator_id == lot.operator_id, col(ParkingPermit.plate_index).in_(list(credentials))
    )
    permits: dict[bytes, list[ParkingPermit]] = {}
    for permit in (await session.exec(chosen.order_by(col(ParkingPermit.since).desc()))).all():
        if permit.lot_id in (None, lot.id):
            permits.setdefault(permit.plate_index, []).append(permit)
    return Terms(
        lot,
        [Version(row.id, row.valid_from, rules_of(row)) for row in rows],
        Holidays({row.day: row.kind for row in holidays.all()}),
        permits,
    )


def rules_of(row: ParkingTariff) -> TariffVersion:
    """Return a version of a tariff, ready to be charged by."""
    return _rules(f"{row.code} {row.version}", msgspec.json.encode(row.data))


@lru_cache(1024)
def _rules(name: str, data: bytes) -> TariffVersion:
    return TariffVersion(name, read_tariff(msgspec.json.decode(data)))
