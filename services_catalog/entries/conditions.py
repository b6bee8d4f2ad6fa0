"""Who may have a service: each condition as a sentence for people and, where it can be decided, as a rule for machines.

A rule reads named facts about the applicant (``age``, ``household_district``). It is data, with no code in it, and can
say which of its parts was not met, or which fact is missing: see ``judge``.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from services_catalog.entries.legal import LegalBasis
from services_catalog.entries.words import Code, LocalizedProse

Fact = Annotated[
    str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z", description="A fact's name, such as age or household_district.")
]
Value = bool | int | str  # dates as 2026-05-01: they compare as text
MOST_DEPTH = 20  # of a rule: more than a law's paragraph has, and far from what recursion can take
Comparison = Literal["is", "is_not", "at_least", "at_most", "one_of"]


class Is(Struct, frozen=True, tag="fact", tag_field="rule", forbid_unknown_fields=True):
    """One fact compared with a value; for ``one_of`` with a list of them."""

    fact: Fact
    comparison: Comparison
    value: Value | tuple[Value, ...]


class All(Struct, frozen=True, tag="all", tag_field="rule", forbid_unknown_fields=True):
    """Every one of them."""

    of: Annotated[tuple["Rule", ...], Meta(min_length=1, max_length=50, description="1 to 50 rules.")]


class Any(Struct, frozen=True, tag="any", tag_field="rule", forbid_unknown_fields=True):
    """One of them at least."""

    of: Annotated[tuple["Rule", ...], Meta(min_length=1, max_length=50, description="1 to 50 rules.")]


class Not(Struct, frozen=True, tag="not", tag_field="rule", forbid_unknown_fields=True):
    """The contrary."""

    of: "Rule"


Rule = Is | All | Any | Not


class Condition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A condition of acceptance; without a rule it is for people to judge."""

    id: Code
    text: LocalizedProse
    rule: Rule | None = None
    legal_basis: LegalBasis | None = None


class Verdict(Struct, frozen=True):
    """``met`` None: it cannot be told without the facts ``missing``; ``unmet`` are the parts that decided against."""

    met: bool | None
    unmet: tuple[Is, ...] = ()
    missing: tuple[str, ...] = ()


def depth(rule: Rule) -> int:
    """Return how deeply a rule is nested, 1 for a fact; what is beyond ``MOST_DEPTH`` is not looked at."""
    deepest, waiting = 0, [(rule, 1)]
    while waiting:
        each, level = waiting.pop()
        deepest = max(deepest, level)
        if level <= MOST_DEPTH and not isinstance(each, Is):
            inner = [each.of] if isinstance(each, Not) else each.of
            waiting += [(below, level + 1) for below in inner]
    return deepest


def judge(rule: Rule, facts: Mapping[str, Value | date]) -> Verdict:
    """Judge a rule by what is known. Unknown facts count as neither true nor false (Kleene's three-valued logic)."""
    if isinstance(rule, Is):
        return _compare(rule, facts)
    if isinstance(rule, Not):
        inner = judge(rule.of, facts)
        return Verdict(None if inner.met is None else not inner.met, missing=inner.missing)
    parts = [judge(each, facts) for each in rule.of]
    decided = isinstance(rule, Any)  # one True decides ``any``, one False ``all``
    if any(each.met is decided for each in parts):
        return Verdict(decided, () if decided else _unmet(parts))
    missing = tuple(dict.fromkeys(name for each in parts for name in each.missing))
    if missing:
        return Verdict(None, missing=missing)
    return Verdict(not decided, _unmet(parts) if decided else ())


def _unmet(parts: list[Verdict]) -> tuple[Is, ...]:
    return tuple(fact for each in parts if each.met is False for fact in each.unmet)


def _compare(rule: Is, facts: Mapping[str, Value | date]) -> Verdict:
    known = facts.get(rule.fact)
    if known is None:
        return Verdict(met=None, missing=(rule.fact,))
    value = known.isoformat() if isinstance(known, date) else known
    met = _holds(rule, value)
    return Verdict(met, () if met else (rule,))


def _holds(rule: Is, value: Value) -> bool:
    wanted = rule.value
    if isinstance(wanted, tuple):
        return any(_same(value, each) for each in wanted)
    if rule.comparison in ("is", "is_not", "one_of"):
        return _same(value, wanted) is not (rule.comparison == "is_not")
    if type(value) is not type(wanted) or isinstance(value, bool):
        return False
    return value >= wanted if rule.comparison == "at_least" else value <= wanted  # type: ignore[operator]  # the types are equal


def _same(one: Value, other: Value) -> bool:
    return type(one) is type(other) and one == other
