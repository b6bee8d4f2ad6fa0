"""What a publish-time rule is: an id, why it is one, and a check that yields what is to be mended."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Literal, NamedTuple

from msgspec import Struct

from services_catalog.entries.fields import Fields
from services_catalog.entries.words import EntryLevel


class Breach(NamedTuple):
    """Where a rule is broken (an RFC 6901 pointer into the fields), what is wrong, and how to mend it."""

    pointer: str
    message: str
    fix: str


class Subject(Struct, frozen=True, kw_only=True):
    """What rules judge: an entry's effective fields, and what they need to know of its surroundings.

    ``steps`` says of a life event's steps how they stand: read by residents or hidden from them; None: there is no such
    service. ``own`` are those that its level says itself.
    ``unpublished_parents`` are the codes of levels above that are not live; ``operations`` the operations of the graph
    that are (as bindings name them), None where nobody can tell; ``foreign`` those of departments that the entry's
    organisation has nothing to do with; ``authority_until`` the day on which the entry's
    organisation ends, None: on none that is known.
    """

    code: str
    level: EntryLevel
    fields: Fields
    own: Fields
    today: date
    unpublished_parents: tuple[str, ...] = ()
    operations: frozenset[str] | None = None
    foreign: frozenset[str] = frozenset()
    authority_until: date | None = None
    steps: Mapping[str, Literal["public", "hidden"] | None] = {}


Check = Callable[[Subject], Iterator[Breach]]


class Rule(Struct, frozen=True):
    """A rule. An ``error`` keeps an entry from being submitted; a ``warning`` is shown to its reviewer."""

    id: str
    reason: str
    level: Literal["error", "warning"]
    check: Check


class Finding(Struct, frozen=True):
    """One breach of one rule, as departments read it."""

    rule: str
    level: Literal["error", "warning"]
    pointer: str
    message: str
    reason: str
    fix: str


def findings(subject: Subject, rules: tuple[Rule, ...]) -> list[Finding]:
    """Return every breach of every rule, errors first."""
    found = [
        Finding(rule.id, rule.level, breach.pointer, breach.message, rule.reason, breach.fix)
        for rule in rules
        for breach in rule.check(subject)
    ]
    return sorted(found, key=lambda each: each.level)  # "error" before "warning"; sorted keeps the rules' order
