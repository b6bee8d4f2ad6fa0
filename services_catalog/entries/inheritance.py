"""Field-level inheritance: generic item → implementation → handling case, and where each value comes from.

One generic item may have thousands of implementations. A change of the item's law shows in all of them at once, but for
the fields that they say themselves; those are what ``drift`` reports.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from services_catalog.entries.fields import FIELDS, Fields, said
from services_catalog.entries.words import EntryLevel


class Authorship(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who first said a field's present value at a level, when, in which of the level's versions, and why it differs."""

    by: str  # an actor as in the audit log
    at: datetime
    version: int
    reason: str = ""


class Layer(Struct, frozen=True):
    """One level of an entry as it stands: what it says and who said it."""

    entry: str  # its code
    level: EntryLevel
    organisation: str
    version: int
    fields: Fields
    authorship: dict[str, Authorship] = {}


class Origin(Struct, frozen=True):
    """Where a value comes from. ``over`` is the entry above that says something else, None if none says anything."""

    entry: str
    level: EntryLevel
    authorship: Authorship | None
    over: str | None = None


class Effective(Struct, frozen=True):
    """An entry with all that it inherits, and the origin of every field that has a value."""

    fields: Fields
    origins: dict[str, Origin]


def effective(layers: Sequence[Layer]) -> Effective:
    """Lay levels over each other, the generic item first. The lowest that says a field decides it, as a whole."""
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for layer in layers:
        for name, value in said(layer.fields).items():
            above = origins.get(name)
            differs = above is not None and values[name] != value
            values[name] = value
            over = above.entry if above and differs else None
            origins[name] = Origin(layer.entry, layer.level, layer.authorship.get(name), over)
    ordered = {name: origins[name] for name in FIELDS if name in origins}
    return Effective(Fields(**values), ordered)


def authored(new: Fields, before: Layer | None, by: Authorship, reasons: dict[str, str]) -> dict[str, Authorship]:
    """Return who says each field of ``new``: whoever said the same value before, else ``by``."""
    known = said(before.fields) if before else {}
    kept = before.authorship if before else {}
    made: dict[str, Authorship] = {}
    for name, value in said(new).items():
        same = name in kept and known.get(name) == value and not reasons.get(name)
        made[name] = kept[name] if same else Authorship(by.by, by.at, by.version, reasons.get(name, ""))
    return made
