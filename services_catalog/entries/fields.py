"""Every field of a catalogue entry (facts: CPSV-AP 3, HSDS 3, GB/T 39554.1 as departments exchange it).

``Fields`` is what one level says by itself: a generic item, an authority's implementation, or a handling case. What it
does not say it takes from the level above (``inheritance``). docs/catalogue.md has them all for departments.
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from services_catalog.entries.bindings import Binding
from services_catalog.entries.channels import Appointment, Channel, Delivery
from services_catalog.entries.conditions import Condition
from services_catalog.entries.fees import Fee
from services_catalog.entries.legal import LegalBasis
from services_catalog.entries.materials import Material
from services_catalog.entries.places import Contact, Location, Remedies
from services_catalog.entries.plain_language import Accessibility
from services_catalog.entries.results import DataRequest, Question, Result
from services_catalog.entries.steps import Steps
from services_catalog.entries.times import Duration, SpecialStep
from services_catalog.entries.words import (
    LEVELS,
    OFFERED,
    SERVICES,
    Audience,
    Code,
    Day,
    EntryLevel,
    Exercised,
    Host,
    ItemType,
    Line,
    Localized,
    LocalizedProse,
    PowerSource,
    Reach,
    ResidentLevel,
)

Visits = Annotated[int, Meta(ge=0, le=20, description="Trips needed, 0 to 20.")]


class Fields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one level says; what is left out is inherited, or unknown at the top."""

    # What it is
    name: Localized | UnsetType = UNSET
    alternate_names: tuple[Localized, ...] | UnsetType = UNSET
    everyday_name: Localized | UnsetType = UNSET
    summary: LocalizedProse | UnsetType = UNSET
    item_type: ItemType | UnsetType = UNSET
    power_source: PowerSource | UnsetType = UNSET
    legal_basis: tuple[LegalBasis, ...] | UnsetType = UNSET
    exercised_at: tuple[Exercised, ...] | UnsetType = UNSET
    local_codes: dict[Code, Line] | UnsetType = UNSET  # by scheme: services_catalog.entries.codes

    # For whom
    audience: tuple[Audience, ...] | UnsetType = UNSET
    topics: tuple[Code, ...] | UnsetType = UNSET
    local_topics: tuple[Code, ...] | UnsetType = UNSET
    life_events: tuple[Code, ...] | UnsetType = UNSET
    acceptance_conditions: tuple[Condition, ...] | UnsetType = UNSET
    minimum_level: ResidentLevel | UnsetType = UNSET
    allowed_proxies: tuple[Code, ...] | UnsetType = UNSET  # kinds of mandates: child, elder, company

    # By whom
    entrusted_organisation: Code | UnsetType = UNSET
    joint_organisations: tuple[Code, ...] | UnsetType = UNSET

    # How
    materials: tuple[Material, ...] | UnsetType = UNSET
    statutory_time: Duration | UnsetType = UNSET
    promised_time: Duration | UnsetType = UNSET
    special_steps: tuple[SpecialStep, ...] | UnsetType = UNSET
    fee: Fee | UnsetType = UNSET
    on_site_visits: Visits | UnsetType = UNSET
    on_site_reason: Localized | UnsetType = UNSET
    online_depth: Annotated[int, Meta(ge=1, le=4, description="1 to 4: how far it runs online.")] | UnsetType = UNSET
    data_requests: tuple[DataRequest, ...] | UnsetType = UNSET
    result: Result | UnsetType = UNSET
    rights_duties: LocalizedProse | UnsetType = UNSET
    faqs: tuple[Question, ...] | UnsetType = UNSET

    # Where
    channels: tuple[Channel, ...] | UnsetType = UNSET
    locations: tuple[Location, ...] | UnsetType = UNSET
    delivery: Delivery | UnsetType = UNSET
    appointment: Appointment | UnsetType = UNSET
    cross_region: Reach | UnsetType = UNSET
    contact: Contact | UnsetType = UNSET
    remedies: Remedies | UnsetType = UNSET
    accessibility: Accessibility | UnsetType = UNSET
    host_requirements: dict[Host, Line] | UnsetType = UNSET  # the least version of each host app

    # As a program
    binding: Binding | UnsetType = UNSET

    # As a life event
    steps: Steps | UnsetType = UNSET

    # As a text that somebody answers for
    effective_from: Day | UnsetType = UNSET
    withdraw_on: Day | UnsetType = UNSET
    owner_contact: Contact | UnsetType = UNSET
    assured_on: Day | UnsetType = UNSET


FIELDS: tuple[str, ...] = Fields.__struct_fields__

# The generic item is one for all authorities, so what only one of them can know is not its to say.
_OF_AUTHORITIES = ("entrusted_organisation", "locations", "contact", "host_requirements", "binding", "assured_on")
# And these make an item what it is: an authority that needs others implements another item.
_OF_ITEMS = ("item_type", "power_source")
_OF_ALL = ("name", "alternate_names", "everyday_name", "summary", "effective_from", "withdraw_on")

SAID_AT: dict[str, tuple[EntryLevel, ...]] = {
    **dict.fromkeys(FIELDS, SERVICES),
    **dict.fromkeys(_OF_AUTHORITIES, OFFERED),
    **dict.fromkeys(_OF_ITEMS, ("item",)),
    **dict.fromkeys(_OF_ALL, LEVELS),
    "audience": (*SERVICES, "life_event"),
    "topics": (*SERVICES, "life_event"),
    "steps": ("life_event",),
    "owner_contact": (*OFFERED, "topic", "life_event"),
}


def said(fields: Fields) -> dict[str, Any]:
    """Return what a level says itself, by field, in the order of ``FIELDS``."""
    return {name: value for name in FIELDS if (value := getattr(fields, name)) is not UNSET}


def to_json(fields: Fields) -> dict[str, Any]:
    """Return the fields as plain JSON values."""
    plain: dict[str, Any] = msgspec.to_builtins(fields)
    return plain
