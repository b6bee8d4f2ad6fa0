"""What the site goes by: its lot, lanes, tariffs, holidays, permits and mandates, as the snapshots said. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from flows.parking.holidays import Holidays
from flows.parking.site_snapshot import SiteLane, SiteLot, SiteMandate, SitePermit, SiteSnapshot, SiteTariff
from flows.parking.tariff import TariffVersion
from flows.parking.tariff_data import read_tariff

PARTS = ("lot", "lanes", "tariffs", "holidays", "permits", "mandates")
"""The parts of a snapshot that replace what the box has."""


class Version(Struct, frozen=True):
    """A version of the lot's tariff, from when on."""

    id: UUID
    valid_from: datetime
    rules: TariffVersion


class Terms(Struct, frozen=True, kw_only=True):
    """``lot`` None: the platform has not been heard yet."""

    lot: SiteLot | None = None
    lanes: Mapping[str, SiteLane] = {}
    versions: Sequence[Version] = ()
    holidays: Holidays = Holidays({})
    permits: Mapping[str, Sequence[SitePermit]] = {}
    mandates: Mapping[str, int] = {}

    def version(self, tariff_id: UUID | None, entered_at: datetime) -> Version | None:
        """Return the version that a stay keeps; before the first one, the first one."""
        named = next((each for each in self.versions if each.id == tariff_id), None)
        valid = [each for each in self.versions if each.valid_from <= entered_at]
        return named or (valid[-1] if valid else next(iter(self.versions), None))

    def permit(self, who: str, at: datetime) -> str:
        """Return the name of a permit that holds for an entry, or nothing."""
        held = (each for each in self.permits.get(who, ()) if each.since <= at and (not each.until or at < each.until))
        return next((each.name for each in held), "")


def terms_of(snapshot: SiteSnapshot) -> Terms:
    """Return the terms of a snapshot whose parts are all there, or not known yet. Raises TariffRefusedError."""
    tariffs = sorted(snapshot.tariffs or (), key=lambda each: each.valid_from)
    permits: dict[str, list[SitePermit]] = {}
    for permit in snapshot.permits or ():
        permits.setdefault(permit.who, []).append(permit)
    return Terms(
        lot=snapshot.lot,
        lanes={lane.name: lane for lane in snapshot.lanes or ()},
        versions=[_version(each) for each in tariffs],
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
