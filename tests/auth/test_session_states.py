"""Every state meets every event, and random walks never reach what the rules forbid."""

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.errors import MoveRefusedError
from auth.session_states import (
    CODE,
    IDENTITY_LINK,
    LOGIN_TRANSACTION,
    MERGE,
    REFRESH_TOKEN,
    SESSION,
    TABLES,
    TICKET,
    StateTable,
    advance,
    effects_of,
    events_from,
)

PAIRS = [(table, *pair) for table in TABLES for pair in product(sorted(table.states), sorted(table.events))]
FINAL = {
    "login transaction": {"ISSUED", "DENIED", "EXPIRED"},
    "session": {"IDLE_EXPIRED", "ABS_EXPIRED", "LOGGED_OUT", "REVOKED"},
    "code": {"EXPIRED", "FAMILY_REVOKED"},
    "refresh token": {"EXPIRED", "FAMILY_REVOKED"},
    "ticket": {"EXPIRED", "REPLAYED"},
    "identity link": set(),
    "merge": {"FINAL", "UNDONE", "CANCELLED"},
}


def walk(table: StateTable, events: list[str]) -> list[str]:
    """The states that a sequence of events leads through; events that are refused change nothing."""
    states = [table.start]
    for event in events:
        if event in events_from(table, states[-1]):
            states.append(advance(table, states[-1], event))
    return states


def walks(table: StateTable) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(sorted(table.events)), max_size=25).map(lambda events: walk(table, events))


@pytest.mark.parametrize(("table", "state", "event"), PAIRS, ids=lambda each: getattr(each, "name", each))
def test_every_event_moves_or_is_refused_with_what_is_possible(table: StateTable, state: str, event: str) -> None:
    if event in events_from(table, state):
        assert advance(table, state, event) in table.states
        return
    with pytest.raises(MoveRefusedError) as refused:
        advance(table, state, event)
    assert state in refused.value.message
    assert event in refused.value.message
    assert all(each in refused.value.fix for each in events_from(table, state))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_state_can_be_reached(table: StateTable) -> None:
    reached = {table.start}
    while new := {to for (state, _), to in table.moves.items() if state in reached} - reached:
        reached |= new
    assert reached == table.states
    assert table.final == FINAL[table.name]
    assert set(table.effects) <= table.states


@given(st.data())
def test_what_has_ended_stays_ended(data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(TABLES))
    states = data.draw(walks(table))
    ended = [index for index, state in enumerate(states) if state in table.final]
    assert len({states[index] for index in ended}) <= 1
    assert not ended or set(states[ended[0] :]) == {states[ended[0]]}


@given(walks(LOGIN_TRANSACTION))
def test_nothing_is_issued_without_authentication_and_no_step_comes_twice(states: list[str]) -> None:
    order = ["NEW", "IDENTIFY", "AUTHENTICATE", "PROOF", "STEP_UP", "LINK", "CONSENT", "ISSUED"]
    passed = [state for state in states if state in order]
    assert passed == sorted(passed, key=order.index)
    if "ISSUED" in states:
        assert "AUTHENTICATE" in states


@given(walks(SESSION))
def test_whoever_leaves_a_session_leaves_it_everywhere(states: list[str]) -> None:
    if states[-1] != "ACTIVE":
        assert effects_of(SESSION, states[-1]) == ("revoke-families", "queue-logout-tokens", "publish-session-revoked")
    else:
        assert effects_of(SESSION, "ACTIVE") == ()


@given(st.lists(st.sampled_from(["redeem", "expire"]), min_size=2, max_size=6))
def test_a_code_redeemed_twice_takes_its_family_along(events: list[str]) -> None:
    states = walk(CODE, events)
    assert ("FAMILY_REVOKED" in states) is (events[0] == "redeem" and events.count("redeem") > 1)
    assert effects_of(CODE, "FAMILY_REVOKED") == ("revoke-family",)


@given(walks(REFRESH_TOKEN))
def test_a_refresh_token_has_one_successor(states: list[str]) -> None:
    first = states.index("USED") if "USED" in states else len(states)
    assert "LIVE" not in states[first:]


@given(walks(TICKET))
def test_a_ticket_is_consumed_once(states: list[str]) -> None:
    assert states.count("CONSUMED") <= 1
    if states.count("REPLAYED"):
        assert effects_of(TICKET, "REPLAYED") == ("raise-alarm", "revoke-session-of-ticket")


@given(walks(IDENTITY_LINK))
def test_a_link_is_challenged_every_time(states: list[str]) -> None:
    for before, state in pairwise(states):
        assert state != "LINKED" or before == "CHALLENGED"


@given(walks(MERGE))
def test_a_merge_is_proven_first_and_undone_before_it_is_final(states: list[str]) -> None:
    assert "MERGED" not in states or "PROVEN" in states
    assert not {"FINAL", "UNDONE"} <= set(states)


def test_a_refusal_says_what_would_be_possible() -> None:
    with pytest.raises(MoveRefusedError, match="A ticket that is EXPIRED does not go on by 'present'") as ended:
        advance(TICKET, "EXPIRED", "present")
    assert ended.value.fix == "This is the end: begin a new one."
    with pytest.raises(MoveRefusedError) as wrong:
        advance(MERGE, "PROPOSED", "merge")
    assert wrong.value.fix == "Possible now: cancel, prove."
    with pytest.raises(MoveRefusedError, match="A merge has no state 'LIVE'"):
        advance(MERGE, "LIVE", "prove")
