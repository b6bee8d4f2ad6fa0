"""Whether an operation works, judged by a run of checks and not by one: neither a hiccup nor a lucky answer decides."""

from datetime import timedelta
from typing import get_args

from msgspec import Struct

from supergraph.conformity import Deviation, Kind

FAILURES = 2  # one after the other make it down
SUCCESSES = 3  # one after the other make it well again: slower, so that what flaps stays down
SOONEST = 0.5  # of the interval: the next look at what works; spread, so that not all come at once, and early enough
LATEST = 0.7  # that with FAILURES looks, AGAIN apart, what is broken is known within one interval
AGAIN = 0.1  # at what is about to change
DOWN = 0.2  # at what does not work


class Checked(Struct, frozen=True):
    """What one call found. ``took_ms`` is None if there was no answer; ``failure`` then says why."""

    deviations: tuple[Deviation, ...] = ()
    took_ms: int | None = None
    slow: bool = False
    failure: str = ""

    @property
    def passed(self) -> bool:
        """Whether front ends could use the answer; properties that are not documented hurt nobody."""
        return not (self.failure or self.slow or any(each.kind != "extra" for each in self.deviations))

    @property
    def reason(self) -> str:
        """What is wrong, in one line, the first thing first; empty if nothing is."""
        if self.failure:
            return self.failure
        first = next((each for each in self.deviations if each.kind != "extra"), None)
        if first is not None:
            return f"{first.where} {first.message}".strip()
        return f"took {self.took_ms} ms" if self.slow else ""


class Verdict(Struct, frozen=True):
    """``down`` None: not decided yet. ``streak`` counts the latest checks that speak against it."""

    down: bool | None = None
    streak: int = 0


def after(verdict: Verdict, *, passed: bool) -> Verdict:
    """Return the verdict with one more check. The very first success decides; a failure never does alone."""
    if verdict.down is None and passed:
        return Verdict(down=False)
    if verdict.down is passed or verdict.down is None:  # it speaks against what is held until now
        streak = verdict.streak + 1
        turned = streak >= (SUCCESSES if passed else FAILURES)
        return Verdict(down=not passed) if turned else Verdict(verdict.down, streak)
    return Verdict(verdict.down)


def wait(verdict: Verdict, interval: timedelta, spread: float) -> timedelta:
    """Return how long until the next check; ``spread`` is from 0 to 1."""
    if verdict.streak:
        return interval * AGAIN
    return interval * (DOWN if verdict.down else SOONEST + (LATEST - SOONEST) * spread)


def counted(checked: Checked) -> dict[str, int]:
    """Return what a check adds to the numbers of its day."""
    kinds = {each.kind for each in checked.deviations}
    return {
        "checks": 1,
        "passed": int(checked.passed),
        "failed": int(bool(checked.failure)),
        "slow": int(checked.slow),
        **{kind: int(kind in kinds) for kind in get_args(Kind)},
    }
