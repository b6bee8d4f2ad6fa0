"""An entry as its authority writes it: one document for one level, read strictly."""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from kernel.control_characters import CONTROL
from services_catalog.entries.conditions import MOST_DEPTH, depth
from services_catalog.entries.errors import EntryInvalidError
from services_catalog.entries.fields import FIELDS, Fields
from services_catalog.entries.words import OFFERED, Code, EntryLevel, Line
from services_catalog.strict_reading import defects, pointer
from supergraph.findings import Finding

RESERVED = frozenset({"check", "documents", "inbox"})  # paths below /entries
_REFERENCE = "docs/catalogue.md describes every key."

OrganisationCode = Annotated[
    Code, Meta(description="The code of an organisation of the tree: yiwang organisation find.")
]


class EntryDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One level of an entry, a topic, or a life event.

    ``parent`` is the code of the level above; ``because`` says why a field differs from it.
    """

    level: EntryLevel
    code: Code
    organisation: OrganisationCode
    parent: Code | None = None
    fields: Fields
    because: dict[str, Line] = {}


def read_entry(raw: Any) -> EntryDocument:
    """Check a decoded document. Raises EntryInvalidError with every defect."""
    found = [*defects(raw, EntryDocument, "", _REFERENCE)]
    if found:
        raise EntryInvalidError(found)
    if found := [*_unstorable(raw, "")]:
        raise EntryInvalidError(found)
    document = msgspec.convert(raw, EntryDocument)
    if document.code in RESERVED:
        raise EntryInvalidError.at("/code", f"{document.code} is a word of the platform's own", "Choose another code.")
    if (document.level not in OFFERED) is not (document.parent is None):
        kind = document.level.replace("_", " ")
        what = f"a {kind} has none above it" if document.parent else f"a {kind} belongs to an entry above it"
        raise EntryInvalidError.at("/parent", what, "Leave parent out." if document.parent else "Give its code.")
    for at, condition in enumerate(document.fields.acceptance_conditions or ()):
        if condition.rule is not None and depth(condition.rule) > MOST_DEPTH:
            where = f"/fields/acceptance_conditions/{at}/rule"
            raise EntryInvalidError.at(where, "the rule is nested too deeply", f"Up to {MOST_DEPTH} levels.")
    for name in document.because.keys() - set(FIELDS):
        raise EntryInvalidError.at(f"/because/{name}", f"there is no field {name!r}", f"One of: {', '.join(FIELDS)}.")
    return document


def _unstorable(raw: Any, at: str) -> Iterator[Finding]:
    """Yield control characters other than a new line, which only longer texts have use for."""
    if isinstance(raw, dict):
        for key, value in raw.items():
            yield from _unstorable(key, at)
            yield from _unstorable(value, pointer(at, key))
    elif isinstance(raw, list):
        for place, value in enumerate(raw):
            yield from _unstorable(value, pointer(at, place))
    elif isinstance(raw, str) and (found := CONTROL.search(raw.replace("\n", ""))):
        yield Finding("error", at, f"the text holds the control character U+{ord(found[0]):04X}", "Leave it out.")
