"""What a lot charges by: its tariff's versions, its region's holidays, and who has permits; read once a transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from flows.parking.cases import Case
from flows.parking.entry_terms import Permit, Version, permit_at, version_at
from flows.parking.fees import Fee
from flows.parking.holidays import Holidays
from flows.parking.session_tables import ParkingSession
from flows.parking.tables import CHARGED_BY, DayKind, LotKind, NoEntryRule
from flows.parking.tariff import Stay, TariffVersion
from flows.parking.tariff_data import read_tariff

_TERMS = """
    SELECT 'version' AS what, id, code AS of, version::text AS name, valid_from AS since, NULL::timestamptz AS until,
        data::text AS text, NULL::bytea AS credential
    FROM parking_tariff WHERE operator_id = $1
        AND code = ANY($2::text || ARRAY(SELECT tariff FROM parking_former_terms WHERE lot_id = $5))
    UNION ALL
    SELECT 'holiday', NULL, region, day::text, NULL, NULL, kind, NULL FROM parking_holiday
    WHERE region = ANY($3::text || ARRAY(SELECT holiday_region FROM parking_former_terms WHERE lot_id = $5))
    UNION ALL
    SELECT 'permit', NULL, '', name, since, until, NULL, plate_index FROM parking_permit
    WHERE plate_index = ANY($4::bytea[]) AND operator_id = $1 AND (lot_id IS NULL OR lot_id = $5)
    UNION ALL
    SELECT 'former', NULL, '', '', NULL, until, row_to_json(f)::text, NULL FROM parking_former_terms f WHERE lot_id = $5
    ORDER BY what, since, until
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
    """How a lot charges, and did ``former`` entries: those before a moment, the oldest first."""

    def __init__(
        self,
        lot: Lot,
        versions: list[Version],
        holidays: Holidays,
        permits: Mapping[bytes, list[Permit]],
        *,
        former: Sequence[tuple[datetime, Self]] = (),
    ) -> None:
        self.lot = lot
        self.holidays = holidays
        self.versions = versions
        self._permits = permits
        self._former = former

    @property
    def free_once(self) -> bool:
        """Whether the free minutes depend on earlier stays."""
        own = any(version.rules.tariff.free.once_in_hours for version in self.versions)
        return own or any(terms.free_once for _, terms in self._former)

    def at(self, entered_at: datetime) -> Self:
        """Return the terms that hold for an entry: what the lot charged by then."""
        return next((terms for until, terms in self._former if entered_at < until), self)

    def version(self, entered_at: datetime) -> Version | None:
        """Return the version that holds for an entry; before the first one, the first one."""
        return version_at(self.at(entered_at).versions, entered_at)

    def grace(self, row: ParkingSession) -> timedelta:
        """Return how long there is to leave after paying."""
        version = self.version(row.entered_at or row.opened_at)
        return timedelta(minutes=version.rules.tariff.grace_after_pay_minutes if version else 0)

    def stay(self, case: Case) -> Stay:
        """Return what the fee of a visit depends on; without an entry it has no free minutes to lose."""
        visit = case.visit
        entered_at = visit.entered_at or visit.opened_at
        return Stay(
            entered_at=entered_at,
            vehicle_class=visit.vehicle_class,
            area_class=self.at(entered_at).lot.area_class,
            permit=permit_at(self._permits.get(case.credential, ()), entered_at, self.version(entered_at)),
            free_at=case.free_at if visit.entered_at else None,
            charging=visit.charging,
            coupons=case.discounts,
        )

    def fee(self, stay: Stay, until: datetime) -> Fee | None:
        """Return what a stay costs by its entry's version; None if the lot has no tariff yet."""
        version = self.version(stay.entered_at)
        return None if version is None else version.rules.fee(stay, until, self.at(stay.entered_at).holidays)


async def terms_of(connection: "asyncpg.Connection[asyncpg.Record]", lot: Lot, credentials: Iterable[bytes]) -> Terms:
    """Read what a lot charges by, with the permits of some credentials."""
    rows = await connection.fetch(_TERMS, lot.operator_id, lot.tariff, lot.holiday_region, list(credentials), lot.id)
    versions, holidays = defaultdict[str, list[Version]](list), defaultdict[str, dict[date, DayKind]](dict)
    permits, lots = dict[bytes, list[Permit]](), list[tuple[datetime, Lot]]()
    for what, row_id, of, name, since, until, text, credential in rows:
        if what == "version":
            versions[of].append(Version(row_id, since, _rules(f"{of} {name}", text)))
        elif what == "holiday":
            holidays[of][date.fromisoformat(name)] = text
        elif what == "permit":
            permits.setdefault(credential, []).append(Permit(name, since, until))
        else:
            was = msgspec.json.decode(text)
            lots.append((until, replace(lot, **{name: was[name] for name in CHARGED_BY})))

    def by(lot: Lot, former: Sequence[tuple[datetime, Terms]] = ()) -> Terms:
        return Terms(lot, versions[lot.tariff], Holidays(holidays[lot.holiday_region]), permits, former=former)

    return by(lot, [(until, by(was)) for until, was in lots])


@lru_cache(1024)
def _rules(name: str, data: str) -> TariffVersion:
    return TariffVersion(name, read_tariff(msgspec.json.decode(data)))
