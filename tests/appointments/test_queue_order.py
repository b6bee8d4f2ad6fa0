"""The order of the line, against a plain list that people are put into by hand."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.appointments.hall.queue import (
    EARLIEST,
    LATE_BEHIND,
    LATEST,
    REQUEUED_BEHIND,
    Arrival,
    InLine,
    arrival,
    counted,
    place,
)
from tests.appointments.hall import on

NINE = on("12-01", "09:00")

Counts = tuple[bool, int]
"""Whether somebody does not come before others, and the minute at which they count as having come."""


class Comes(NamedTuple):
    """Somebody of a service comes: as they count, behind so many of it."""

    service: str
    counts: Counts
    behind: int


class Leaves(NamedTuple):
    """Whoever is at a place of the line leaves it: called, or gone."""

    at: int


_COMES = st.builds(
    Comes,
    st.sampled_from("AB"),
    st.tuples(st.booleans(), st.integers(0, 5)),
    st.sampled_from([0, 0, LATE_BEHIND, REQUEUED_BEHIND]),
)
_HAPPENS = st.lists(st.one_of(_COMES, _COMES, st.builds(Leaves, st.integers(0, 3))), max_size=60)


class PlainList:
    """The rules as a person with a pencil keeps them: who is put behind others counts as the one before them."""

    def __init__(self) -> None:
        self.people: list[tuple[int, str, Counts]] = []

    def comes(self, name: int, who: Comes) -> None:
        at = 0
        while at < len(self.people) and self.people[at][2] <= who.counts:
            at += 1
        before = [nth for nth, (_, service, _) in enumerate(self.people) if service == who.service][: who.behind]
        at = max(at, before[-1] + 1) if before else at
        counts = max(who.counts, self.people[at - 1][2]) if at else who.counts
        self.people.insert(at, (name, who.service, counts))


@pytest.mark.case("AP-15")
@given(_HAPPENS)
def test_the_order_is_that_of_a_plain_list_and_nobody_elses_place_changes(happens: list[Comes | Leaves]) -> None:
    plain, line = PlainList(), list[tuple[int, InLine]]()
    for name, each in enumerate(happens):
        before = [who for who, _ in line]
        if isinstance(each, Leaves):
            if each.at < len(line):
                del line[each.at], plain.people[each.at]
            continue
        own = counted(NINE + timedelta(minutes=each.counts[1]), is_priority=not each.counts[0])
        standing = place([one for _, one in line], each.service, own, behind=each.behind)
        line.append((name, InLine(standing, each.service)))
        line.sort(key=lambda one: one[1].standing)
        plain.comes(name, each)
        assert [who for who, _ in line] == [who for who, _, _ in plain.people]
        assert [who for who, _ in line if who != name] == before
    assert len({one.standing for _, one in line}) == len(line)


@pytest.mark.case("AP-15")
@given(st.lists(_COMES, max_size=12), st.tuples(st.booleans(), st.integers(0, 5)), st.sampled_from([2, 3]))
def test_nobody_gains_by_being_late_or_missing_their_calls(others: list[Comes], counts: Counts, behind: int) -> None:
    line: list[InLine] = []
    for each in others:
        own = counted(NINE + timedelta(minutes=each.counts[1]), is_priority=not each.counts[0])
        line.append(InLine(place(line, each.service, own, behind=each.behind), each.service))
        line.sort(key=lambda one: one.standing)
    own = counted(NINE + timedelta(minutes=counts[1]), is_priority=not counts[0])
    in_time, later = place(line, "A", own), place(line, "A", own, behind=behind)
    assert later >= in_time
    assert sum(one.standing < later for one in line if one.service == "A") >= min(
        behind, sum(one.service == "A" for one in line)
    )


def test_a_gap_is_halved_as_often_as_a_day_may_need() -> None:
    own = counted(NINE)
    line = [InLine(own, "A"), InLine(own + Decimal("0.0001"), "A")]
    for _ in range(1000):
        line.insert(1, InLine(place(line, "A", own - 1, behind=1), "A"))
    assert all(one.standing < two.standing for one, two in pairwise(line))


@pytest.mark.parametrize(
    ("at", "how"),
    [
        (-EARLIEST - timedelta(microseconds=1), "early"),
        (-EARLIEST, "in time"),
        (timedelta(0), "in time"),
        (timedelta(microseconds=1), "late"),
        (LATEST, "late"),
        (LATEST + timedelta(microseconds=1), "over"),
    ],
)
def test_the_window_of_checking_in(at: timedelta, how: Arrival) -> None:
    starts_at: datetime = NINE
    assert arrival(starts_at, starts_at + at) == how
