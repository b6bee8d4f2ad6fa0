"""What the site goes by: its lot, lanes, tariffs, holidays, permits and mandates, as the snapshots said. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from flows.parking.entry_terms import Permit, Version, permit_at, version_at
from flows.parking.holidays import Holidays
from flows.parking.site_snapshot import SiteLane, SiteLot, SiteMandate, SiteSnapshot, SiteTariff
from flows.parking.tables import CHARGED_BY, DayKind
from flows.parking.tariff import TariffVersion
from flows.parking.tariff_data import read_tariff


class Terms(Struct, frozen=True, kw_only=True):
    """``lot`` None: the platform has not been heard yet. ``former``: for entries before a moment, the oldest first."""

    lot: SiteLot | None = None
    lanes: Mapping[str, SiteLane] = {}
    versions: Sequence[Version] = ()
    holidays: Holidays = Holidays({})
    permits: Mapping[str, Sequence[Permit]] = {}
    mandates: Mapping[str, int] = {}
    former: "Sequence[tuple[datetime, Terms]]" = ()

    @property
    def free_for(self) -> timedelta:
        """For how long the free minutes of a stay count at most; nothing: each stay has its own."""
        versions = [each for terms in (self, *(was for _, was in self.former)) for each in terms.versions]
        return timedelta(hours=max((each.rules.tariff.free.once_in_hours for each in versions), default=0))

    def at(self, entered_at: datetime) -> "Terms":
        """Return the terms that hold for an entry: what the lot charged by then."""
        return next((terms for until, terms in self.former if entered_at < until), self)

    def version(self, entered_at: datetime) -> Version | None:
        """Return the version that holds for an entry."""
        return version_at(self.at(entered_at).versions, entered_at)

    def permit(self, who: str, entered_at: datetime) -> str:
        """Return the name of a permit that holds for an entry by its version, or nothing."""
        return permit_at(self.permits.get(who, ()), entered_at, self.version(entered_at))


def terms_of(snapshot: SiteSnapshot) -> Terms:
    """Return the terms of a snapshot whose parts are all there, or not known yet. Raises TariffRefusedError."""
    if snapshot.lot is None:
        return Terms()
    versions, holidays = defaultdict[str, list[Version]](list), defaultdict[str, dict[date, DayKind]](dict)
    for tariff in sorted(snapshot.tariffs or (), key=lambda each: each.valid_from):
        versions[tariff.code].append(_version(tariff))
    for holiday in snapshot.holidays or ():
        holidays[holiday.region][holiday.day] = holiday.kind
    permits: dict[str, list[Permit]] = {}
    for permit in snapshot.permits or ():
        permits.setdefault(permit.who, []).append(Permit(permit.name, permit.since, permit.until))

    def by(lot: SiteLot) -> Terms:
        return Terms(lot=lot, versions=versions[lot.tariff], holidays=Holidays(holidays[lot.holiday_region]))

    lot = snapshot.lot
    was = [(each.until, replace(lot, **{name: getattr(each, name) for name in CHARGED_BY})) for each in lot.former]
    return replace(
        by(lot),
        lanes={lane.name: lane for lane in snapshot.lanes or ()},
        permits=permits,
        mandates=_limits(snapshot.mandates or ()),
        former=[(until, by(former)) for until, former in was],
    )


def _version(tariff: SiteTariff) -> Version:
    return Version(tariff.id, tariff.valid_from, TariffVersion(tariff.name, read_tariff(tariff.data)))


def _limits(mandates: Sequence[SiteMandate]) -> dict[str, int]:
    limits: dict[str, int] = {}
    for each in mandates:
        limits[each.who] = max(each.limit_fen, limits.get(each.who, 0))
    return limits
