"""What a service costs, in fen."""

from typing import Annotated

from msgspec import Meta, Struct

from services_catalog.entries.legal import LegalBasis
from services_catalog.entries.words import Code, Localized


class FeeItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One charge. ``amount_fen`` is left out where the standard is a rule in words, such as by floor space."""

    id: Code
    name: Localized
    amount_fen: Annotated[int, Meta(ge=0, le=10**12, description="Fen, a whole number: 900 is 9 yuan.")] | None = None
    standard: Localized | None = None
    basis: LegalBasis | None = None
    waivable: bool = False
    waiver_basis: LegalBasis | None = None


class Fee(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whether anything is charged, and what."""

    charged: bool
    items: tuple[FeeItem, ...] = ()
    payable_online: bool = False
