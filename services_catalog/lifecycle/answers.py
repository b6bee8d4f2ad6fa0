"""What staff are told of entries, over HTTP and at the command line. Plain values: importing this loads no database.

States and events are the words of services_catalog.lifecycle.states.
"""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from services_catalog.entries.inheritance import Authorship, Origin
from services_catalog.entries.rule import Finding
from services_catalog.entries.words import EntryLevel


class Reviewer(Struct, frozen=True):
    """Somebody who may decide: a role holder that took no part in the submission."""

    holder: str
    role: str
    organisation: str  # where the role is held


class Standing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a version stands after a request.

    ``outcome`` unchanged: it says what the document says already; revised: it was rejected, and is a draft again.
    ``findings`` are the rules', ``reviewers`` who may decide next, ``revision`` the catalogue's if residents see a
    change.
    """

    code: str
    number: int
    state: str
    outcome: Literal["drafted", "revised", "unchanged", "moved"] = "moved"
    publish_at: datetime | None = None
    findings: tuple[Finding, ...] = ()
    reviewers: tuple[Reviewer, ...] = ()
    revision: int | None = None


class Checked(Struct, frozen=True, omit_defaults=True):
    """What storing and submitting a document would find. ``error``: why it could not be stored at all.

    ``stands`` is the state of the version that says the same already, "" if none does.
    """

    code: str
    stands: str = ""
    findings: tuple[Finding, ...] = ()
    error: str = ""
    fix: str = ""


class VersionSeen(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A version as staff see it."""

    number: int
    state: str
    fields: dict[str, Any]
    authorship: dict[str, Authorship] = {}
    took_part: tuple[str, ...] = ()
    reviewer: str | None = None
    publish_at: datetime | None = None
    because: str = ""
    changed_at: datetime
    findings: tuple[Finding, ...] = ()


class Possible(Struct, frozen=True, omit_defaults=True):
    """A step that a version could take now. ``refused``: why the one who asks may not take it, "" if they may."""

    step: str
    version: int
    refused: str = ""
    fix: str = ""


class EntrySeen(Struct, frozen=True, kw_only=True):
    """An entry: its version on the way, its live one, and ``effective``: what the former, else the latter, comes to.

    ``inherited`` is what the live levels above come to. Who has no role that reads drafts sees the live version alone.
    """

    code: str
    level: EntryLevel
    organisation: str
    parent: str | None
    item: str
    open: VersionSeen | None
    live: VersionSeen | None
    inherited: dict[str, Any]
    effective: dict[str, Any]
    sources: dict[str, Origin]
    findings: tuple[Finding, ...]
    steps: tuple[Possible, ...]


class Happened(Struct, frozen=True, kw_only=True):
    """One step of an entry's history; hashes in hexadecimal digits."""

    place: int
    version: int
    event: str
    before: str | None
    after: str
    actor: str
    role: str
    reason: str
    reasons: dict[str, str]
    at: datetime
    content: str
    previous_hash: str
    hash: str


class History(Struct, frozen=True):
    """Every step, the first one first. ``broken_at`` is the first place where the chain of hashes does not hold."""

    events: tuple[Happened, ...]
    holds: bool
    broken_at: int | None = None


class Listed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of a list; states and numbers of what is on its way and of what is live."""

    code: str
    level: EntryLevel
    organisation: str
    name: str
    open: str | None = None
    open_number: int | None = None
    live: str | None = None
    live_number: int | None = None
    changed_at: datetime
    reviewer: str | None = None


class Page(Struct, frozen=True):
    """Entries by code; ``next`` is what to send as ``after`` for more, None at the end."""

    entries: tuple[Listed, ...]
    next: str | None


class Documents(Struct, frozen=True):
    """The same of whole documents, as they are written and read."""

    documents: tuple[dict[str, Any], ...]
    next: str | None
