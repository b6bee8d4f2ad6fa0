"""What the site goes by: its lot, lanes, tariffs, holidays, permits and mandates, as the snapshots said. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from flows.parking.entry_terms import Permit, Version, permit_at, version_at
from flows.parking.holidays import Holidays
from flows.parking.site_snapshot import SiteLane, SiteLot, SiteMandate, SiteSnapshot, SiteTariff
from flows.parking.tariff import TariffVersion
from flows.parking.tariff_data import read_tariff


class Terms(Struct, frozen=True, kw_only=True):
    """``lot`` None: the platform has not been heard yet. ``former``: versions of open sessions alone."""

    lot: SiteLot | None = None
    lanes: Mapping[str, SiteLane] = {}
    versions: Sequence[Version] = ()
    former: Sequence[Version] = ()
    holidays: Holidays = Holidays({})
    permits: Mapping[str, Sequence[Permit]] = {}
    mandates: Mapping[str, int] = {}

    @property
    def free_for(self) -> timedelta:
        """For how long the free minutes of a stay count at most; nothing: each stay has its own."""
        versions = (*self.versions, *self.former)
        return timedelta(hours=max((each.rules.tariff.free.once_in_hours for each in versions), default=0))

    def version(self, tariff_id: UUID | None, entered_at: datetime) -> Version | None:
        """Return the version that a stay keeps."""
        named = next((each for each in (*self.versions, *self.former) if each.id == tariff_id), None)
        return named or version_at(self.versions, entered_at)

    def permit(self, who: str, at: datetime, version: Version | None) -> str:
        """Return the name of a permit that holds for an entry by its version, or nothing."""
        return permit_at(self.permits.get(who, ()), at, version)


def terms_of(snapshot: SiteSnapshot) -> Terms:
    """Return the terms of a snapshot whose parts are all there, or not known yet. Raises TariffRefusedError."""
    tariffs = sorted(snapshot.tariffs or (), key=lambda each: each.valid_from)
    permits: dict[str, list[Permit]] = {}
    for permit in snapshot.permits or ():
        permits.setdefault(permit.who, []).append(Permit(permit.name, permit.since, permit.until))
    return Terms(
        lot=snapshot.lot,
        lanes={lane.name: lane for lane in snapshot.lanes or ()},
        versions=[_version(each) for each in tariffs if not each.former],
        former=[_version(each) for each in tariffs if each.former],
        holidays=Holidays({each.day: each.kind for each in snapshot.holidays or ()}),
        permits=permits,
        mandates=_limits(snapshot.mandates or ()),
    )


def _version(tariff: SiteTariff) -> Version:
    return Version(tariff.id, tariff.valid_from, TariffVersion(tariff.name, read_tariff(tariff.data)))


def _limits(mandates: Sequence[SiteMandate]) -> dict[str, int]:
    limits: dict[str, int] = {}
    for each in mandates:
        limits[each.who] = max(each.limit_fen, limits.get(each.who, 0))
    return limits
