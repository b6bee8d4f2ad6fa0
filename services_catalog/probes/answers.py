"""What staff and everybody are told of probes, over HTTP and at the command line. Plain values."""

from datetime import datetime
from typing import Any

from msgspec import Struct


class ProbeSeen(Struct, frozen=True, kw_only=True):
    """How one operation that opens an entry works. ``down`` None: too few checks to say.

    ``since`` is when it became so, ``failure`` and ``found`` are of the latest check; ``arguments`` are the probe's.
    """

    operation: str
    arguments: dict[str, Any]
    down: bool | None
    since: datetime | None
    because: str
    checked_at: datetime | None
    due_at: datetime
    took_ms: int | None
    slow_after_ms: int
    failure: str
    found: list[dict[str, Any]]


class EntryProbes(Struct, frozen=True):
    """The probes of an entry; one without any has no operation that is marked safe, or is not public."""

    code: str
    probes: tuple[ProbeSeen, ...]


class NoticeSeen(Struct, frozen=True, kw_only=True):
    """One notice to the staff of an organisation."""

    id: int
    organisation: str
    entry: str
    kind: str
    text: str
    at: datetime


class Notices(Struct, frozen=True):
    """Notices in the order asked for; ``next`` is what to send as ``after`` then, whether there are more or not."""

    notices: tuple[NoticeSeen, ...]
    next: int


class Conformity(Struct, frozen=True, kw_only=True):
    """How a department kept to what it published, over the last 30 days.

    ``score`` is the lower of two shares, in percent. ``passed`` of ``checks``: calls of its services by contract
    probes whose answers came in time and were as documented. All but ``beyond`` of ``asked``: calls that asked
    applicants for something which the published entry lists. None: there were neither.

    The other numbers count checks by what was found, and one check may count in several: ``failed`` (no answer),
    ``slow``, ``status`` (none that is documented), ``unreadable``, ``missing``, ``wrong`` and, which fails no check,
    ``extra``.
    """

    department: str
    score: float | None
    checks: int
    passed: int
    failed: int
    slow: int
    status: int
    unreadable: int
    missing: int
    wrong: int
    extra: int
    asked: int
    beyond: int
