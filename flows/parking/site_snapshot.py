"""What a site's box is told, so that it decides without a network: the answer of ``GET /parking/site/snapshot``. Pure.

The first answer has everything. One to ``?after=<revision>`` has the parts that have changed since; each of them is
whole and replaces the one that the box has, but ``sessions``: those have the sessions that changed, by their ids.
Plates and other credentials appear as hashes that hold for this lot alone (``known_as``).
"""

import hashlib
from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from flows.codes.signed_receipts import plate_hash
from flows.parking.cases import Covering
from flows.parking.coupons import Coupon
from flows.parking.session_tables import PaymentKind
from flows.parking.tables import DayKind, Direction, LotKind, NoEntryRule
from flows.parking.vehicle_tables import VehicleClass
from flows.parking.visits import Charging


class _Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class SiteFormerTerms(_Part, frozen=True, kw_only=True):
    """What the lot charged by until a moment: for whoever entered before it."""

    until: datetime
    tariff: str
    area_class: str = ""
    holiday_region: str = ""
    no_entry: NoEntryRule = "review"


class SiteLot(_Part, frozen=True, kw_only=True):
    """The lot, as ``tables.ParkingLot`` has it. ``former``: the oldest first."""

    id: UUID
    code: str
    name_zh: str
    name_en: str = ""
    kind: LotKind
    spaces: int
    tariff: str = ""
    area_class: str = ""
    holiday_region: str = ""
    no_entry: NoEntryRule = "review"
    pays_later: bool = False
    former: tuple[SiteFormerTerms, ...] = ()


class SiteLane(_Part, frozen=True, kw_only=True):
    """A lane of this lot; ``mine``: the box that asks may send its events."""

    name: str
    direction: Direction
    fail_open: bool
    mine: bool = False


class SiteTariff(_Part, frozen=True, kw_only=True):
    """A version of a tariff that the lot has or had: those that held for whoever may be inside, hold, or will.

    ``data`` is for ``tariff_data``.
    """

    id: UUID
    code: str = ""
    name: str  # as receipts show it
    valid_from: datetime
    data: dict[str, Any]


class SiteHoliday(_Part, frozen=True, kw_only=True):
    """A day that is not like its weekday, in a region that the lot goes or went by."""

    region: str = ""
    day: date
    kind: DayKind


class SitePermit(_Part, frozen=True, kw_only=True):
    """Whoever has a permit (the lot's whitelist); ``name`` is one of the tariff's."""

    who: str
    name: str
    since: datetime
    until: datetime | None = None


class SiteMandate(_Part, frozen=True, kw_only=True):
    """A plate whose fees are debited after leaving, up to ``limit_fen`` each: the arm opens for it."""

    who: str
    limit_fen: int


class SitePayment(Covering, frozen=True, kw_only=True):
    """What was paid and not given back. Whoever leaves by ``covers_until`` owes nothing more, but of a debit."""

    kind: PaymentKind = "prepay"
    paid_at: datetime | None = None
    amount_fen: int


class SiteSession(_Part, frozen=True, kw_only=True):
    """A session that is open, or has ended since the last answer (``open`` is false: forget it).

    ``free``: it had the free minutes that a vehicle has once in so many hours; its entry is to be remembered as long.
    ``leaves_until``: its driver has ended it by phone; whoever comes to an exit by then is let out.
    """

    id: UUID
    who: str
    open: bool
    free: bool = False
    leaves_until: datetime | None = None
    entered_at: datetime | None = None
    vehicle_class: VehicleClass = "small"
    charging: Charging | None = None
    paid: tuple[SitePayment, ...] = ()
    coupons: tuple[Coupon, ...] = ()


class SiteSnapshot(_Part, frozen=True, kw_only=True):
    """An answer. ``revision`` is to be sent as ``after`` next time, and says nothing else.

    ``complete``: the box forgets what it had. A part that is None has not changed.
    """

    revision: str
    at: datetime
    complete: bool
    lot: SiteLot | None = None
    lanes: tuple[SiteLane, ...] | None = None
    tariffs: tuple[SiteTariff, ...] | None = None
    holidays: tuple[SiteHoliday, ...] | None = None
    permits: tuple[SitePermit, ...] | None = None
    mandates: tuple[SiteMandate, ...] | None = None
    sessions: tuple[SiteSession, ...] = ()


def known_as(lot: UUID, credential: str) -> str:
    """Return what a credential (``credentials``) is called in a lot's snapshots; for plates as in signed receipts."""
    kind, _, value = credential.partition(":")
    if kind == "plate":
        return plate_hash(lot, value).hex()
    return hashlib.sha256(b"credential:" + lot.bytes + credential.encode()).hexdigest()[:32]
