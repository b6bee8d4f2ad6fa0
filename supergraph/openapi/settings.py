"""What a manifest may say about one operation of a document."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

_NAME = r"^[a-z][A-Za-z0-9]{0,79}\Z"


class OperationSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Overrides of one operation; what is left out stays as the document and the compiler have it."""

    rename: Annotated[
        str, Meta(pattern=_NAME, description="The field's name: a lower case letter, then letters and digits.")
    ] = ""
    kind: Annotated[
        Literal["query", "mutation"] | None,
        Meta(description="query for operations that change nothing, mutation for all others."),
    ] = None
    hide: Annotated[bool, Meta(description="true leaves the operation out of the graph.")] = False
    group: Annotated[
        str, Meta(pattern=_NAME, description="The field below the service that the operation stands in.")
    ] = ""
    timeout_seconds: Annotated[float, Meta(gt=0, le=60, description="Seconds a call may take, up to 60.")] | None = None
    description: Annotated[str, Meta(max_length=5000, description="Text in place of the document's.")] = ""
