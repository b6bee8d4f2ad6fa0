"""Who uses a service, and whom a change of it breaks, as plain values; ``supergraph.impact`` finds them."""

from datetime import date

from msgspec import Struct

from supergraph.diff import Change

_NAMED = 3  # changes of one client's operation, in a message; programs are given all


class Use(Struct, frozen=True):
    """That a client sent an operation of a document (``""`` if it has no name), or registered the whole document.

    ``operation`` None: every operation of it. ``client`` ``""``: whoever did not sign in.
    """

    sha256: str
    client: str
    operation: str | None
    count: int = 0
    last_sent: date | None = None
    registered: bool = False


class Broken(Struct, frozen=True):
    """A client's operation that a change breaks, and by what. ``count``: how often it was sent in the last 30 days."""

    client: str
    operation: str
    changes: tuple[Change, ...]
    count: int = 0
    last_sent: date | None = None
    registered: bool = False

    @property
    def said(self) -> str:
        """Who, which operation, and by which fields, as one text."""
        paths = [change.path for change in self.changes]
        more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
        return f"{self.whom} (uses {', '.join(paths[:_NAMED])}{more})"

    @property
    def whom(self) -> str:
        """The client and the operation."""
        who = self.client or "a client that did not sign in"
        return f"{who}: {self.operation or 'an operation without a name'}"
