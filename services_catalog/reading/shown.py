"""A public entry as it is read: its fields with all that it inherits, whose it is, and whether it works."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from services_catalog.entries.fields import Fields
from services_catalog.entries.words import EntryLevel, Localized


class Authority(Struct, frozen=True, omit_defaults=True):
    """The organisation that offers a service. ``path`` are the codes from the city down to it."""

    code: str
    name: Localized
    path: tuple[str, ...]


class Source(Struct, frozen=True, omit_defaults=True):
    """Where a field's value comes from: which entry says it, who wrote it when, and over what (A2: provenance)."""

    field: str
    entry: str
    level: EntryLevel
    over: str | None = None
    since: datetime | None = None
    reason: str = ""


class Shown(Fields, frozen=True, kw_only=True, omit_defaults=True):
    """A public entry."""

    code: str
    level: EntryLevel
    version: int
    parent: str | None = None
    item: str
    authority: Authority
    area: str  # the organisation whose residents it is for
    state: Literal["published", "degraded"]
    since: datetime
    because: str = ""  # why it is degraded
    sources: tuple[Source, ...]
