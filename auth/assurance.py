"""How sure we are of somebody: two numbers, and the level L1 to L4 (``acr``) that follows from them.

``ial`` 1 to 4 says how well the account's person is proven (its evidence), ``aal`` 1 to 3 how well the one who signs in
is proven to be that person (their methods, ``amr``). Nothing here knows a session, a clock or a database.
"""

from collections.abc import Collection, Mapping
from typing import Any, Literal

from msgspec import Struct

from auth.assurance_tables import FACTORS, HARDWARE, SOURCES, VERIFIED, EvidenceSource, Ial
from auth.errors import AssuranceUnknownError

Level = Literal["L1", "L2", "L3", "L4"]
Aal = Literal[1, 2, 3]

LEVELS: tuple[Level, ...] = ("L1", "L2", "L3", "L4")  # ``acr_values_supported``
_NEEDS: tuple[tuple[Level, Ial, Aal], ...] = (("L4", 4, 3), ("L3", 3, 2), ("L2", 2, 1))


class Assurance(Struct, frozen=True):
    """Both numbers of one session."""

    ial: Ial
    aal: Aal

    @property
    def level(self) -> Level:
        return level_of(self.ial, self.aal)


class AcrRequest(Struct, frozen=True):
    """What a client asks for, the most wanted first. ``essential``: one of these or no answer at all."""

    values: tuple[str, ...] = ()
    essential: bool = False


class AcrChoice(Struct, frozen=True):
    """What to do about a request for levels.

    ``challenge`` is the level to step up to first. ``answer`` is what to state if there is no challenge or the person
    declines it; None means the error ``unmet_authentication_requirements``, never a lower level.
    """

    answer: Level | None
    challenge: Level | None = None


def level_of(ial: int, aal: int) -> Level:
    """Return the highest level whose both demands are met: strong proof does not make up for a weak sign-in."""
    return next((level for level, least_ial, least_aal in _NEEDS if ial >= least_ial and aal >= least_aal), "L1")


def satisfies(have: Level, need: Level) -> bool:
    """Whether a session of level ``have`` may do what asks for ``need``."""
    return LEVELS.index(have) >= LEVELS.index(need)


def higher(first: Level, second: Level) -> Level:
    """Return the higher of two levels."""
    return max(first, second, key=LEVELS.index)


def ial_of(source: str, level: str, sources: Mapping[str, EvidenceSource] = SOURCES) -> Ial:
    """Return what a proof is worth, by its source's own numbering. Raises AssuranceUnknownError."""
    table = sources.get(source)
    if table is None:
        raise AssuranceUnknownError(
            f"No table says what proofs of {source!r} are worth", fix=f"Use one of: {', '.join(sorted(sources))}."
        )
    if level not in table.levels:
        raise AssuranceUnknownError(
            f"{source!r} has no level {level!r}", fix=f"Its levels here are: {', '.join(table.levels)}."
        )
    return table.levels[level]


def aal_of(methods: Collection[str]) -> Aal:
    """Return what the methods of one session (``amr``) are worth together. Raises AssuranceUnknownError.

    aal 2 takes something the person has and a factor of another kind, as two messages to one phone are one factor and
    a face alone can be a picture; a passkey is both. aal 3 takes a hardware key for the former (NIST SP 800-63B-4).
    Methods that are not in the table count for nothing.
    """
    kinds = {FACTORS[method] for method in methods if method in FACTORS}
    if not kinds:
        raise AssuranceUnknownError(
            f"None of the methods {sorted(methods)} proves who somebody is",
            fix=f"A sign-in uses at least one of: {', '.join(FACTORS)}.",
        )
    if "has" not in kinds or (len(kinds) == 1 and VERIFIED.isdisjoint(methods)):
        return 1
    return 3 if HARDWARE & set(methods) else 2


def stepped_up(methods: Collection[str], added: Collection[str]) -> tuple[str, ...]:
    """Return the methods of a session after a step-up: those it had, then the new ones, and ``mfa`` once it is."""
    joined = tuple(dict.fromkeys([*methods, *added]))
    return joined if "mfa" in joined or aal_of(joined) == 1 else (*joined, "mfa")


def read_acr_request(acr_values: str = "", claims: Mapping[str, Any] | None = None) -> AcrRequest:
    """Read ``acr_values`` and the ``claims`` parameter (OpenID Connect Core 3.1.2.1 and 5.5.1.1), already decoded.

    An essential claim outranks ``acr_values``; a voluntary one, which the standard leaves open, only adds to it.
    """
    asked = ((claims or {}).get("id_token") or {}).get("acr")
    asked = asked if isinstance(asked, dict) else {}
    listed = asked.get("values")
    wanted = [asked.get("value"), *(listed if isinstance(listed, list) else [])]
    values = [each for each in wanted if isinstance(each, str)]
    if asked.get("essential") is True and values:
        return AcrRequest(tuple(dict.fromkeys(values)), essential=True)
    return AcrRequest(tuple(dict.fromkeys([*acr_values.split(), *values])))


def choose_acr(asked: AcrRequest, have: Level, reachable: Level) -> AcrChoice:
    """Choose what to answer a request for levels with. ``reachable``: what this person may attain at this client.

    The most wanted level that can be reached counts: if the session has it, it is stated, and else it is asked of the
    person. A session above what is asked for states the level asked for, as both are true and clients compare.
    """
    known = [level for value in asked.values for level in LEVELS if level == value]
    met = next((level for level in known if satisfies(have, level)), None)
    target = next((level for level in known if satisfies(higher(have, reachable), level)), None)
    answer = met if met or asked.essential else have
    return AcrChoice(answer, None if target is None or satisfies(have, target) else target)
