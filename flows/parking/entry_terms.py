"""What of a lot's terms holds for one entry: a tariff's version, a permit. Pure, for the platform and sites' boxes."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from flows.parking.tariff import TariffVersion


class Version(Struct, frozen=True):
    """A version of the lot's tariff, from when on."""

    id: UUID
    valid_from: datetime
    rules: TariffVersion


class Permit(Struct, frozen=True):
    """That a plate has a permit in the lot, from when until when."""

    name: str
    since: datetime
    until: datetime | None


def version_at(versions: Sequence[Version], entered_at: datetime) -> Version | None:
    """Return the version that holds for an entry; before the first one, the first one. The oldest comes first."""
    valid = [version for version in versions if version.valid_from <= entered_at]
    return valid[-1] if valid else next(iter(versions), None)


def permit_at(permits: Iterable[Permit], entered_at: datetime, version: Version | None) -> str:
    """Return the name of the permit that holds for an entry; nothing if none does.

    It is the one that began last of those that the entry's version of the tariff knows.
    """
    known: Collection[str] = version.rules.permits if version else ()
    held = (
        (permit.since, permit.name)
        for permit in permits
        if permit.name in known and permit.since <= entered_at and (permit.until is None or entered_at < permit.until)
    )
    return max(held, default=(entered_at, ""))[1]
