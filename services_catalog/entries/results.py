"""What applicants get in the end, and which data is fetched about them meanwhile."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from services_catalog.entries.words import Code, Line, Localized, LocalizedProse, Url


class Result(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The licence, document or approval that a service ends in."""

    kind: Literal["licence", "document", "approval", "payment", "other"]
    name: Localized
    sample: Url | None = None
    licence: Code | None = None  # the electronic licence's type code
    validity: Localized | None = None


class DataRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Data about the applicant that the service fetches: from where, what, why, by which law, and kept how long.

    ``purpose`` is one of the platform's purposes, by which the resident consents or is told (docs/publishing.md).
    """

    source: Line
    fields: Annotated[tuple[Line, ...], Meta(min_length=1, description="The fields, one at least.")]
    purpose: Code
    basis: Localized | None = None
    retention_days: Annotated[int, Meta(ge=0, le=36_600, description="Days, 0 to 36600.")]


class Question(Struct, frozen=True, forbid_unknown_fields=True):
    """A question that is often asked; they are shown in the order they stand in."""

    question: Localized
    answer: LocalizedProse
