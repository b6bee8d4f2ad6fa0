"""What law an entry stands on."""

from msgspec import Struct

from services_catalog.entries.words import Day, Line, Localized, LocalizedProse


class LegalBasis(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One article of one law. ``number`` is the document's own, such as 国务院令第387号."""

    law: Localized
    number: Line | None = None
    article: Line | None = None
    text: LocalizedProse | None = None
    authority: Line | None = None  # who made the law
    effective_from: Day | None = None
