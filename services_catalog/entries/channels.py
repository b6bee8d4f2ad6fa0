"""Where and how a service can be had; a channel may have rules, times, fees and materials of its own (CPSV-AP #31)."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from services_catalog.entries.conditions import Condition
from services_catalog.entries.fees import Fee
from services_catalog.entries.materials import Material
from services_catalog.entries.times import Duration
from services_catalog.entries.words import ChannelKind, Code, Day, Host, Line, Localized, LocalizedProse, TimeOfDay, Url

Weekday = Literal["MO", "TU", "WE", "TH", "FR", "SA", "SU"]  # as iCalendar names them (RFC 5545 section 3.3.10)


class Hours(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Open hours that recur weekly, in China's time. ``valid_from`` and ``valid_to`` bound a season."""

    days: Annotated[tuple[Weekday, ...], Meta(min_length=1, description="MO, TU, WE, TH, FR, SA, SU: one at least.")]
    opens: TimeOfDay
    closes: TimeOfDay
    valid_from: Day | None = None
    valid_to: Day | None = None
    note: Localized | None = None


class ChannelOverrides(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What holds at this channel in place of what the entry says."""

    promised_time: Duration | None = None
    fee: Fee | None = None
    materials: tuple[Material, ...] | None = None
    acceptance_conditions: tuple[Condition, ...] | None = None
    on_site_visits: Annotated[int, Meta(ge=0, le=20, description="Trips needed, 0 to 20.")] | None = None


class Channel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One way to a service. Which of the optional keys it needs depends on its kind: services_catalog.entries.rules."""

    id: Code
    kind: ChannelKind
    name: Localized | None = None
    url: Url | None = None
    host: Host | None = None  # of a mini-program
    app_id: Code | None = None
    page_path: Line | None = None
    phone: Line | None = None
    location: Code | None = None  # of a window or kiosk: a place of ``locations``
    single_sign_on: bool = False
    hours: tuple[Hours, ...] = ()
    guidance: LocalizedProse | None = None
    overrides: ChannelOverrides | None = None


class Delivery(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How materials come in and the result goes out, beside the counter."""

    express_in: bool = False
    express_out: bool = False
    pick_up: bool = True
    note: Localized | None = None


class Appointment(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whether a visit can be booked."""

    supported: bool
    required: bool = False
    daily_quota: Annotated[int, Meta(ge=1, le=100_000, description="Bookings a day.")] | None = None
    rule: LocalizedProse | None = None
    resource: Code | None = None  # a schedule of ours
