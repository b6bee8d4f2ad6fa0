"""What a lot charges by: its tariff's versions, its region's holidays, and who has permits; read once a transaction."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from flows.parking.entry_terms import Permit, Version, permit_at, version_at
from flows.parking.fees import Fee
from flows.parking.holidays import Holidays
from flows.parking.session_tables import ParkingSession
from flows.parking.tables import DayKind, LotKind, NoEntryRule
from flows.parking.tariff import Stay, TariffVersion
from flows.parking.tariff_data import read_tariff
from flows.parking.visits import Visit

_TERMS = """
    SELECT 'version' AS what, id, version::text AS name, valid_from AS since, NULL::timestamptz AS until,
        data::text AS text, NULL::bytea AS credential
    FROM parking_tariff WHERE operator_id = $1 AND code = $2
    UNION ALL
    SELECT 'holiday', NULL, day::text, NULL, NULL, kind, NULL FROM parking_holiday WHERE region = $3
    UNION ALL
    SELECT 'permit', NULL, name, since, until, NULL, plate_index FROM parking_permit
    WHERE plate_index = ANY($4::bytea[]) AND operator_id = $1 AND (lot_id IS NULL OR lot_id = $5)
    ORDER BY what, since
"""


class Lot(Struct, frozen=True, kw_only=True):
    """What of a lot decides about sessions."""

    id: UUID
    operator_id: str
    kind: LotKind
    name_zh: str
    area_class: str
    holiday_region: str
    tariff: str
    no_entry: NoEntryRule
    pays_later: bool
    host_ids: Mapping[str, str]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Take it off a row of the database."""
        return cls(**{name: row[name] for name in cls.__struct_fields__})


async def lot_of(connection: "asyncpg.Connection[asyncpg.Record]", lot_id: UUID) -> Lot:
    """Return a lot, which there is."""
    return Lot.of(await connection.fetchrow("SELECT * FROM parking_lot WHERE id = $1", lot_id))


class Terms:
    """How a lot charges."""

    def __init__(
        self, lot: Lot, versions: list[Version], holidays: Holidays, permits: Mapping[bytes, list[Permit]]
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
        return version_at(self._versions, entered_at)

    def grace(self, row: ParkingSession) -> timedelta:
        """Return how long there is to leave after paying."""
        version = self.version(row.entered_at or row.opened_at)
        return timedelta(minutes=version.rules.tariff.grace_after_pay_minutes if version else 0)

    def stay(self, visit: Visit, credential: bytes, free_at: datetime | None) -> Stay:
        """Return what the fee of a visit depends on."""
        entered_at = visit.entered_at or visit.opened_at
        return Stay(
            entered_at=entered_at,
            vehicle_class=visit.vehicle_class,
            area_class=self.lot.area_class,
            permit=permit_at(self._permits.get(credential, ()), entered_at),
            free_at=free_at,
            charging=visit.charging,
        )

    def fee(self, stay: Stay, until: datetime) -> Fee | None:
        """Return what a stay costs by its entry's version; None if the lot has no tariff yet."""
        version = self.version(stay.entered_at)
        return None if version is None else version.rules.fee(stay, until, self.holidays)


async def terms_of(connection: "asyncpg.Connection[asyncpg.Record]", lot: Lot, credentials: Iterable[bytes]) -> Terms:
    """Read what a lot charges by, with the permits of some credentials."""
    rows = await connection.fetch(_TERMS, lot.operator_id, lot.tariff, lot.holiday_region, list(credentials), lot.id)
    versions, holidays, permits = [], dict[date, DayKind](), dict[bytes, list[Permit]]()
    for what, row_id, name, since, until, text, credential in rows:
        if what == "version":
            versions.append(Version(row_id, since, _rules(f"{lot.tariff} {name}", text)))
        elif what == "holiday":
            holidays[date.fromisoformat(name)] = text
        else:
            permits.setdefault(credential, []).append(Permit(name, since, until))
    return Terms(lot, versions, Holidays(holidays), permits)


@lru_cache(1024)
def _rules(name: str, data: str) -> TariffVersion:
    return TariffVersion(name, read_tariff(msgspec.json.decode(data)))
