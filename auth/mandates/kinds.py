"""The kinds of mandates as data, and whether one may be given: decisions on plain values.

The figures of ``maximum_life`` and ``lives`` are this platform's choice, not a law's. Of age at 18: Civil Code, article
17.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from msgspec import Struct

from auth.assurance import Level, satisfies
from auth.decisions import Decision, allow, refuse
from kernel.clock import CHINA
from kernel.control_characters import has_control

Kind = Literal["child", "person", "company"]

LEAST_LEVEL: Level = "L3"  # whoever gives power over a person's affairs is a proven person with two factors
MOST_SCOPES = 20  # more than anybody reads before agreeing is as good as everything
MOST_PURPOSE_CHARACTERS = 200
MOST_REFERENCE_CHARACTERS = 200
OF_AGE_YEARS = 18
OWN_CONSENT_YEARS = 14  # PIPL, article 31: below it, a guardian consents in the child's place
OWN_CONSENT = "own-consent"  # the one kind of evidence that is no document
_SCOPE = re.compile(r"[a-z][A-Za-z0-9]{0,39}(\.[A-Za-z_][A-Za-z0-9_]{0,79})?")


class Person(Struct, frozen=True):
    """Somebody with an account, for whom another one acts."""

    account: UUID


class Organisation(Struct, frozen=True):
    """A company or other body, by its unified social credit code (GB 32100)."""

    code: str


Principal = Person | Organisation


class Party(Struct, frozen=True):
    """Who asks: an account, and the organisations that it is proven to represent by law."""

    account: UUID
    organisations: frozenset[str] = frozenset()

    def is_principal(self, principal: Principal) -> bool:
        if isinstance(principal, Person):
            return principal.account == self.account
        return principal.code in self.organisations


class Evidence(Struct, frozen=True):
    """What a mandate rests on: a kind of document and where it is kept, never its content.

    That it is genuine and names both sides was checked by whoever hands it over.
    """

    source: str
    reference: str


class NewMandate(Struct, frozen=True, kw_only=True):
    """A mandate as it is asked for. ``scope``: entries ``service`` or ``service.operation``.

    ``valid_from`` None is now. ``born`` is the principal's day of birth as the evidence says, needed where a kind ends
    when they are of age.
    """

    kind: Kind
    principal: Principal
    agent: UUID
    scope: tuple[str, ...]
    purpose: str
    valid_from: datetime | None = None
    expires_at: datetime
    evidence: Evidence
    born: date | None = None


class KindRules(Struct, frozen=True):
    """What holds for one kind. ``evidence`` says for each source which side may give the mandate by it.

    ``lives`` has the sources by which a mandate lives shorter: those that answer at once, and may answer otherwise
    another day. Who goes on has them asked again.
    """

    maximum_life: timedelta
    principal: type[Person] | type[Organisation]
    evidence: Mapping[str, Literal["principal", "agent"]]
    lives: Mapping[str, timedelta] = MappingProxyType({})
    ends_at_of_age: bool = False

    def life(self, source: str) -> timedelta:
        """Return how long a mandate by a source may live."""
        return self.lives.get(source, self.maximum_life)


KINDS: Mapping[Kind, KindRules] = MappingProxyType({
    "child": KindRules(
        timedelta(days=3 * 366),
        Person,
        {"birth-certificate": "agent", "household-register": "agent", "court-order": "agent"},
        {"household-register": timedelta(days=92)},  # whoever loses custody acts no longer than a quarter
        ends_at_of_age=True,
    ),
    "person": KindRules(
        timedelta(days=366),
        Person,
        {OWN_CONSENT: "principal", "window": "principal", "court-order": "agent"},
    ),
    "company": KindRules(
        timedelta(days=366),
        Organisation,
        {"business-register": "principal", "power-of-attorney": "principal"},
    ),
})  # fmt: skip


def may_grant(wanted: NewMandate, by: Party | None, level: Level, now: datetime) -> Decision:
    """Judge whether ``by``, signed in at ``level``, may give a mandate; the first rule that refuses is named.

    ``by`` None is an operator who has seen the document at a window.
    """
    checks = (_check_sides(wanted, by, level), _check_scope(wanted), _check_period(wanted, now))
    granted = allow("mandate.grant", "Narrow, ending, with evidence, and given by the side that may.")
    return next((each for each in checks if each is not None), granted)


def ends_at(wanted: NewMandate) -> datetime:
    """Return when a mandate ends: when it says, and at the latest on the day that its principal is of age."""
    if KINDS[wanted.kind].ends_at_of_age and wanted.born is not None:
        return min(wanted.expires_at, of_age_at(wanted.born))
    return wanted.expires_at


def of_age_at(born: date, years: int = OF_AGE_YEARS) -> datetime:
    """Return the first moment of the birthday in China; who was born on 29 February is of age a day early."""
    leap_day = (born.month, born.day) == (2, 29)
    day = born.replace(year=born.year + years, day=28 if leap_day else born.day)
    return datetime(day.year, day.month, day.day, tzinfo=CHINA).astimezone(UTC)


def in_scope(scope: tuple[str, ...] | list[str], service: str, operation: str) -> bool:
    """Whether a scope names a service's operation, or the whole service."""
    return service in scope or f"{service}.{operation}" in scope


def _check_sides(wanted: NewMandate, by: Party | None, level: Level) -> Decision | None:
    rules = KINDS[wanted.kind]
    if not satisfies(level, LEAST_LEVEL):
        return refuse("mandate.level", f"Giving a mandate takes a sign-in of level {LEAST_LEVEL}, this is {level}.")
    if not isinstance(wanted.principal, rules.principal):
        return refuse("mandate.principal", f"A mandate of kind {wanted.kind!r} is for another kind of principal.")
    if wanted.principal == Person(wanted.agent):
        return refuse("mandate.self", "Nobody needs a mandate to act for themselves.")
    side = rules.evidence.get(wanted.evidence.source)
    if side is None or not 0 < len(wanted.evidence.reference.strip()) <= MOST_REFERENCE_CHARACTERS:
        known = ", ".join(rules.evidence)
        return refuse("mandate.evidence", f"A mandate of kind {wanted.kind!r} rests on a document, one of: {known}.")
    if not _may_give(wanted, by, side):
        return refuse("mandate.granter", f"By {wanted.evidence.source!r} only the {side} can give this mandate.")
    return None


def _may_give(wanted: NewMandate, by: Party | None, side: Literal["principal", "agent"]) -> bool:
    if by is None:
        return wanted.evidence.source != OWN_CONSENT
    return by.is_principal(wanted.principal) if side == "principal" else by.account == wanted.agent


def _check_scope(wanted: NewMandate) -> Decision | None:
    if not wanted.scope or len(set(wanted.scope)) != len(wanted.scope) or len(wanted.scope) > MOST_SCOPES:
        return refuse("mandate.scope-size", f"Name between 1 and {MOST_SCOPES} services or operations, each once.")
    for entry in wanted.scope:
        if not _SCOPE.fullmatch(entry):
            return refuse(
                "mandate.scope", f"{entry!r} is neither a service nor `service.operation`: name what is meant."
            )
    if not 0 < len(wanted.purpose.strip()) <= MOST_PURPOSE_CHARACTERS or has_control(wanted.purpose):
        return refuse("mandate.purpose", f"Say what for, in one line of up to {MOST_PURPOSE_CHARACTERS} characters.")
    return None


def _check_period(wanted: NewMandate, now: datetime) -> Decision | None:
    rules = KINDS[wanted.kind]
    if rules.ends_at_of_age:
        if wanted.born is None:
            return refuse("mandate.born", "The evidence has to say when the principal was born.")
        if of_age_at(wanted.born) <= now:
            return refuse("mandate.of-age", "The principal is of age and gives mandates themselves.")
    begins = wanted.valid_from or now
    if begins < now or ends_at(wanted) <= begins:
        return refuse("mandate.period", "A mandate begins now or later, and before it ends.")
    life = rules.life(wanted.evidence.source)
    if wanted.expires_at - now > life:  # from now on, so that a late beginning gains nothing
        return refuse("mandate.too-long", f"By {wanted.evidence.source!r} a mandate ends within {life.days} days.")
    return None
