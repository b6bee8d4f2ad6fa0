"""Where to go, whom to call, and what to do when something went wrong."""

from typing import Annotated

from msgspec import Meta, Struct

from services_catalog.entries.channels import Hours
from services_catalog.entries.words import Code, Line, Localized, LocalizedProse, Url


class Position(Struct, frozen=True, forbid_unknown_fields=True):
    """A point on the earth, WGS84, in degrees."""

    longitude: Annotated[float, Meta(ge=-180, le=180, description="Degrees east, -180 to 180.")]
    latitude: Annotated[float, Meta(ge=-90, le=90, description="Degrees north, -90 to 90.")]


class Location(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A place where the service is given; ``organisation`` is the district or town that it stands in."""

    id: Code
    name: Localized
    address: Localized
    organisation: Code | None = None
    position: Position | None = None
    hours: tuple[Hours, ...] = ()
    phone: Line | None = None
    transport: LocalizedProse | None = None
    windows: Line | None = None
    step_free: bool | None = None  # whether wheelchairs get in; None: nobody has looked


class Contact(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How to reach somebody: one of them at least."""

    phone: Line | None = None
    url: Url | None = None
    address: Localized | None = None
    note: LocalizedProse | None = None


class Remedies(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where to complain, ask for review (行政复议), and sue (行政诉讼)."""

    complaint: Contact | None = None
    review: Contact | None = None
    litigation: Contact | None = None
