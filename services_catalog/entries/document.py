"""An entry as its authority writes it: one document for one level, read strictly."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from services_catalog.entries.errors import EntryInvalidError
from services_catalog.entries.fields import FIELDS, Fields
from services_catalog.entries.words import Code, EntryLevel, Line
from services_catalog.strict_reading import defects

_REFERENCE = "docs/catalogue.md describes every key."

OrganisationCode = Annotated[
    Code, Meta(description="The code of an organisation of the tree: yiwang organisation find.")
]


class EntryDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One level of an entry. ``parent`` is the code of the one above; ``because`` says why a field differs from it."""

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
    document = msgspec.convert(raw, EntryDocument)
    if (document.level == "item") is not (document.parent is None):
        what = "an item has none above it" if document.parent else f"a {document.level} belongs to an entry above it"
        raise EntryInvalidError.at("/parent", what, "Leave parent out." if document.parent else "Give its code.")
    for name in document.because.keys() - set(FIELDS):
        raise EntryInvalidError.at(f"/because/{name}", f"there is no field {name!r}", f"One of: {', '.join(FIELDS)}.")
    return document
