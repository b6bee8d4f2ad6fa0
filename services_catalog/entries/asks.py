"""Where in an answer a department asks the applicant for something, so that the platform can hold it to the guide."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from services_catalog.entries.words import Code

AnswerPath = Annotated[
    str,
    Meta(
        pattern=r"^((\[\])+|[^\s.\[\]]+(\[\])*)(\.[^\s.\[\]]+(\[\])*)*\Z",
        max_length=200,
        description="A place in the answer, such as missing[].code.",
    ),
]


class Ask(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What stands ``at`` a place of the answer: ids of materials or conditions, or an amount to be paid.

    ``item`` says of which fee an amount is; without it, it is held to the sum of all. ``channel`` says at which of the
    entry's channels it is asked; without it, whatever one of them lists is listed.
    """

    kind: Literal["material", "condition", "fee"]
    at: AnswerPath
    item: Code | None = None
    unit: Literal["fen", "yuan"] = "fen"
    channel: Code | None = None
