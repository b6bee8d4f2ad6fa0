"""The steps of a life event (一件事): which services, in which order."""

from typing import Annotated

from msgspec import Meta, Struct

from services_catalog.entries.words import Code, LocalizedProse


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One service of a life event, and the steps that must be done before it.

    ``entry`` is the service's code; that of a generic item stands for what the resident's own district makes of it.
    """

    entry: Code
    after: tuple[Code, ...] = ()
    optional: bool = False
    note: LocalizedProse | None = None


Steps = Annotated[tuple[Step, ...], Meta(min_length=1, max_length=60, description="1 to 60 steps.")]
