"""What opens a service: operations of the graph, a mini-program, a page, a flow of the platform's, or a window only."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from services_catalog.entries.asks import Ask
from services_catalog.entries.words import Code, Host, Line, Url

Operation = Annotated[
    str,
    Meta(
        pattern=r"^(query|mutation) [a-z][A-Za-z0-9]{0,39}(\.[A-Za-z_][A-Za-z0-9_]*){1,2}\Z",
        description="An operation of the graph, such as query parking.lot or mutation parking.lots.reserve.",
    ),
]


Flow = Literal["park", "book", "report"]


class BoundOperation(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An operation that the service consists of. ``safe`` ones are called with ``probe`` on the department's test data.

    ``probe`` are the operation's arguments by name. Nothing that changes anything is ever probed. ``asks`` says where
    its answer asks the applicant for something, which is then held to the entry.
    """

    operation: Operation
    safe: bool = False
    probe: dict[str, Any] = {}
    slow_after_ms: Annotated[int, Meta(ge=50, le=60_000, description="Milliseconds, 50 to 60000.")] = 3_000
    asks: Annotated[tuple[Ask, ...], Meta(max_length=20, description="Up to 20 places.")] = ()


class MiniProgram(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of a mini-program at one host app."""

    host: Host
    app_id: Code
    page: Line


class Binding(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What opens the service, by what the front end can do; ``window_only`` says that nothing does."""

    operations: tuple[BoundOperation, ...] = ()
    mini_programs: tuple[MiniProgram, ...] = ()
    page: Url | None = None
    client: Code | None = None  # the client whose page it is, for silent sign-on (docs/sign_on.md)
    flow: Flow | None = None
    window_only: bool = False
