"""When an operation counts as down: soon enough, not for a hiccup, and not well again for one lucky answer."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services_catalog.probes.verdict import (
    AGAIN,
    DOWN,
    FAILURES,
    LATEST,
    SUCCESSES,
    Checked,
    Verdict,
    after,
    counted,
    wait,
)
from supergraph.conformity import Deviation

MINUTE = timedelta(minutes=1)


def _judged(checks: list[bool], verdict: Verdict = Verdict()) -> Verdict:  # noqa: B008 - it is frozen
    for passed in checks:
        verdict = after(verdict, passed=passed)
    return verdict


@pytest.mark.parametrize(
    ("checks", "down"),
    [
        ([], None),
        ([True], False),
        ([False], None),
        ([False, False], True),
        ([False, True], False),
        ([True, False], False),
        ([True, False, True, False], False),
        ([True, False, False], True),
        ([True, False, False, True, True], True),
        ([True, False, False, True, True, False, True, True], True),
        ([True, False, False, True, True, True], False),
    ],
)
def test_a_run_of_checks_decides(checks: list[bool], down: bool | None) -> None:  # noqa: FBT001 - a parameter of cases
    assert _judged(checks).down is down


@given(st.lists(st.booleans(), max_size=60))
def test_only_a_run_turns_it(checks: list[bool]) -> None:
    verdict = Verdict()
    for at, passed in enumerate(checks):
        turned = after(verdict, passed=passed)
        if turned.down != verdict.down:
            run = checks[: at + 1][-(SUCCESSES if passed else FAILURES) :]
            assert set(run) == {passed} or verdict.down is None
        assert turned.streak < max(FAILURES, SUCCESSES)
        verdict = turned


@given(st.floats(0, 1), st.integers(60, 86_400))
def test_what_breaks_is_known_within_one_interval(spread: float, seconds: int) -> None:
    """The looks that make it down, each at its latest, with the rounds of the worker 3 s apart."""
    interval, rounds = timedelta(seconds=seconds), timedelta(seconds=3)
    looks = wait(Verdict(down=False), interval, spread) + (FAILURES - 1) * wait(Verdict(False, 1), interval, spread)  # noqa: FBT003 - a struct's field
    assert looks + FAILURES * rounds <= interval


def test_what_is_down_is_seen_again_sooner_than_what_works() -> None:
    assert wait(Verdict(down=True), MINUTE, 1) == MINUTE * DOWN
    assert wait(Verdict(down=False), MINUTE, 1) == MINUTE * LATEST
    assert wait(Verdict(True, 1), MINUTE, 1) == MINUTE * AGAIN  # noqa: FBT003 - a struct's field


def test_only_what_front_ends_cannot_use_fails() -> None:
    extra = Deviation("extra", "colour", "is not in the document")
    missing = Deviation("missing", "lots[].free", "is missing", 3)
    assert Checked((extra,), 12).passed
    assert Checked((extra,), 12).reason == ""
    assert not Checked((extra, missing), 12).passed
    assert Checked((extra, missing), 12).reason == "lots[].free is missing"
    assert Checked((), 4_000, slow=True).reason == "took 4000 ms"
    assert Checked(failure="no answer").reason == "no answer"
    numbers = counted(Checked((extra, missing), 12))
    assert {name: count for name, count in numbers.items() if count} == {"checks": 1, "missing": 1, "extra": 1}
