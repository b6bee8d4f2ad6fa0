"""The state tables, walked, and the one rule that judges a host's word."""

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.channel import Payment
from flows.payments import states
from flows.payments.errors import WrongStateError
from flows.payments.judging import Standing, judge
from flows.payments.states import LIVE_ATTEMPTS, OPEN_ORDERS, OWED_REFUNDS
from kernel.money import Fen

MACHINES: Mapping[str, tuple[Mapping[tuple[Any, Any], Any], Callable[[Any, Any], Any], Any, Any]] = {
    "order": (states.ORDERS, states.after_order, states.OrderState, states.OrderEvent),
    "attempt": (states.ATTEMPTS, states.after_attempt, states.AttemptState, states.AttemptEvent),
    "refund": (states.REFUNDS, states.after_refund, states.RefundState, states.RefundEvent),
    "mandate": (states.MANDATES, states.after_mandate, states.MandateState, states.MandateEvent),
}
FINAL = {
    "order": {"closed", "refunded"},
    "attempt": {"paid", "surplus"},
    "refund": {"done", "paid_out"},
    "mandate": {"terminated"},
}


@pytest.mark.parametrize("name", MACHINES)
def test_every_state_is_reached_and_every_event_used(name: str) -> None:
    table, _, every_state, every_event = MACHINES[name]
    first = get_args(every_state)[0]
    assert {first, *table.values()} == set(get_args(every_state))
    assert {event for _, event in table} == set(get_args(every_event))
    assert set(get_args(every_state)) - {state for state, _ in table} == FINAL[name]


@pytest.mark.parametrize("name", MACHINES)
@given(data=st.data())
def test_only_what_the_table_says_happens(name: str, data: st.DataObject) -> None:
    table, after, every_state, every_event = MACHINES[name]
    state = get_args(every_state)[0]
    for event in data.draw(st.lists(st.sampled_from(get_args(every_event)), max_size=12)):
        if (state, event) in table:
            state = after(state, event)
        else:
            with pytest.raises(WrongStateError, match="cannot"):
                after(state, event)
    assert state in get_args(every_state)


_payments = st.builds(
    Payment,
    number=st.just("n"),
    state=st.sampled_from(["unknown", "pending", "paid", "closed", "refunded", "failed"]),
    amount=st.one_of(st.none(), st.sampled_from([Fen(0), Fen(879), Fen(880)])),
)
_standings = st.builds(
    Standing,
    order=st.sampled_from(get_args(states.OrderState)),
    attempt=st.sampled_from(get_args(states.AttemptState)),
    amount=st.just(880),
)


@given(_standings, _payments)
def test_a_judgement_is_a_step_that_the_tables_allow(known: Standing, found: Payment) -> None:
    judgement = judge(known, found)
    if judgement.verdict in {"nothing", "ask"}:
        return
    assert (known.attempt, judgement.verdict) in states.ATTEMPTS
    if judgement.verdict == "pay":
        assert (found.state, found.amount) == ("paid", known.amount)
        assert known.order in OPEN_ORDERS
    assert (judgement.because is not None) == (judgement.verdict == "overpay")
    if found.state in {"unknown", "pending"}:
        assert judgement.verdict == "prepare"  # neither closes anything


def _end(words: Sequence[Payment]) -> tuple[str, int, int]:
    """Follow the words about one attempt; return its end, and how often money was taken and given back."""
    order, attempt, paid, surplus = "pending", "pending", 0, 0
    for each in words:
        found = judge(Standing(order, attempt, 880), each)  # type: ignore[arg-type]  # words of the tables
        if found.verdict in {"nothing", "ask"}:
            continue
        attempt = states.ATTEMPTS[attempt, found.verdict]  # type: ignore[index]  # as above
        paid += found.verdict == "pay"
        surplus += found.verdict == "overpay"
        order = "paid" if found.verdict == "pay" else order
    return attempt, paid, surplus


@pytest.mark.case("money-02")
def test_words_in_any_order_and_number_end_the_same() -> None:
    words = [Payment(number="n", state=each, amount=Fen(880)) for each in ("pending", "paid", "paid", "closed")]
    assert {_end(each) for each in permutations(words)} == {("paid", 1, 0)}


@pytest.mark.case("money-11")
@given(st.integers(1, 10**9).filter(lambda fen: fen != 880))
def test_another_amount_is_never_taken_for_ours(fen: int) -> None:
    judgement = judge(Standing("pending", "pending", 880), Payment(number="n", state="paid", amount=Fen(fen)))
    assert (judgement.verdict, judgement.because) == ("overpay", "amount")


def test_what_is_live_or_owed_is_not_final() -> None:
    assert not LIVE_ATTEMPTS & FINAL["attempt"]
    assert not OWED_REFUNDS & FINAL["refund"]
