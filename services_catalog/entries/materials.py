"""What applicants have to bring: the part of the guide that departments go beyond most often."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from services_catalog.entries.legal import LegalBasis
from services_catalog.entries.words import Code, Line, Localized, LocalizedProse, Url

Necessity = Literal["required", "conditional", "optional"]
Form = Literal["original", "copy", "electronic"]
Origin = Literal["applicant", "government", "other"]


class Material(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One material. ``id`` is what department calls, life events and shared forms know it by.

    ``condition`` says when a conditional one is needed. ``licence`` is the electronic licence's type code, by which the
    platform fetches what the applicant then need not bring (``waived_if_shared``).
    """

    id: Code
    name: Localized
    necessity: Necessity = "required"
    condition: Localized | None = None
    forms: Annotated[tuple[Form, ...], Meta(min_length=1, description="original, copy, electronic: one at least.")]
    copies: Annotated[int, Meta(ge=0, le=20, description="How many, 0 to 20.")] = 1
    paper: Line | None = None  # such as A4
    origin: Origin = "applicant"
    issued_by: Line | None = None
    blank_form: Url | None = None
    sample: Url | None = None
    standard: LocalizedProse | None = None  # how it is judged
    legal_basis: LegalBasis | None = None
    licence: Code | None = None
    waived_if_shared: bool = False
