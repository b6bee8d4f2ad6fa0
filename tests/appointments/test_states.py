"""The table of states: what is not listed is refused, and whoever walks along it ends somewhere."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.appointments.errors import WrongStateError
from flows.appointments.states import ACTIVE, PRESENT, TRANSITIONS, WAITING, Event, State, after

_STATES, _EVENTS = get_args(State), get_args(Event)
_ENDS = {
    "expired", "released", "no_show", "cancelled", "rescheduled", "office_cancelled", "lapsed", "left",
}  # fmt: skip


@pytest.mark.case("AP-16")
def test_every_transition_that_is_not_listed_is_refused() -> None:
    refused = 0
    for state in _STATES:
        for event in _EVENTS:
            if (state, event) in TRANSITIONS:
                assert after(state, event) == TRANSITIONS[state, event]
            else:
                refused += 1
                with pytest.raises(WrongStateError):
                    after(state, event)
    assert refused == len(_STATES) * len(_EVENTS) - len(TRANSITIONS)


def test_what_was_moved_is_not_said_to_be_done() -> None:
    with pytest.raises(WrongStateError, match="another appointment has taken its place"):
        after("rescheduled", "reschedule")
    with pytest.raises(WrongStateError, match="cancelled already"):
        after("cancelled", "cancel")


def test_states_are_ends_or_lead_to_one() -> None:
    assert {state for state in _STATES if all(start != state for start, _ in TRANSITIONS)} == _ENDS
    reached = set(_ENDS)
    while more := {start for (start, _), end in TRANSITIONS.items() if end in reached} - reached:
        reached |= more
    assert reached == set(_STATES)


def test_every_state_is_reached_from_a_beginning() -> None:
    reached = {"held", "ticket", "waitlisted"}
    while more := {end for (start, _), end in TRANSITIONS.items() if start in reached} - reached:
        reached |= more
    assert reached == set(_STATES)


@given(st.lists(st.sampled_from(_EVENTS), max_size=60), st.sampled_from(["held", "ticket", "waitlisted"]))
def test_a_walk_never_leaves_the_table_and_never_comes_back_from_an_end(events: list[Event], state: State) -> None:
    for event in events:
        was = state
        try:
            state = after(state, event)
        except WrongStateError:
            continue
        assert was not in _ENDS
        assert state not in WAITING or was not in {"held", "waitlisted", "offered"}
    assert state in _STATES


def test_whoever_is_in_the_hall_is_active() -> None:
    assert WAITING < PRESENT < ACTIVE
    assert ACTIVE.isdisjoint(_ENDS)
