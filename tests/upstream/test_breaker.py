"""The breaker's state table, walked by Hypothesis against a plain model of what it promises."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kernel.breaker import REFUSED, TRANSITIONS, Breaker, BreakerRules, Event, State

RULES = BreakerRules(
    consecutive=4, least_calls=8, ratio=0.5, window_seconds=10, first_pause_seconds=1, longest_pause_seconds=5
)


class BreakerMachine(RuleBasedStateMachine):
    """Calls begin and end in any order while time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.breaker = Breaker(RULES)
        self.tickets: list[int] = []
        self.row = 0

    @rule(seconds=st.floats(0, 7))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def a_call_begins(self) -> None:
        before, refuses = self.breaker.state, self.breaker.refuses(self.now)
        ticket = self.breaker.enter(self.now)
        assert refuses == (ticket == REFUSED)
        if before is State.CLOSED:
            assert ticket != REFUSED
        if before is State.OPEN:
            assert (ticket == REFUSED) == (self.now < self.breaker.rests_until)
        if ticket != REFUSED:
            self.tickets.append(ticket)

    def _end(self, data: st.DataObject) -> tuple[int, bool]:
        ticket = self.tickets.pop(data.draw(st.integers(0, len(self.tickets) - 1)))
        return ticket, ticket == self.breaker._era

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def a_call_succeeds(self, data: st.DataObject) -> None:
        ticket, current = self._end(data)
        before = self.breaker.state
        self.breaker.succeeded(ticket, self.now)
        assert self.breaker.state is (State.CLOSED if current else before)
        if current:
            self.row = 0

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def a_call_fails(self, data: st.DataObject) -> None:
        ticket, current = self._end(data)
        before = self.breaker.state
        self.breaker.failed(ticket, self.now)
        if not current:
            assert self.breaker.state is before
            return
        self.row += 1
        if before is State.HALF_OPEN or self.row >= RULES.consecutive:
            assert self.breaker.state is State.OPEN
            assert 0.9999 <= self.breaker.rests_until - self.now <= 5.0001  # a sum of floats, less one of them
        if self.breaker.state is State.OPEN:
            self.row = 0

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def a_call_is_withdrawn(self, data: st.DataObject) -> None:
        ticket, _ = self._end(data)
        before = self.breaker.state
        self.breaker.withdrawn(ticket)
        assert self.breaker.state is before

    @invariant()
    def one_probe_at_a_time(self) -> None:
        if self.breaker.state is State.HALF_OPEN:
            assert self.tickets.count(self.breaker._era) == int(self.breaker._probing)

    @invariant()
    def open_since_is_known(self) -> None:
        assert (self.breaker.opened_at is None) == (self.breaker.state is State.CLOSED)

    @invariant()
    def it_always_comes_back(self) -> None:
        if self.breaker.state is State.OPEN:
            assert not self.breaker.refuses(self.now + RULES.longest_pause_seconds)


TestBreaker = BreakerMachine.TestCase
TestBreaker.settings = settings(max_examples=60)


def test_the_table_is_complete() -> None:
    assert {state for state, _ in TRANSITIONS} == set(State) == set(TRANSITIONS.values())
    assert {event for _, event in TRANSITIONS} == set(Event)


def trip(breaker: Breaker, now: float) -> None:
    for _ in range(RULES.consecutive):
        breaker.failed(breaker.enter(now), now)
    assert breaker.state is State.OPEN


def test_half_of_the_calls_failing_trips() -> None:
    breaker = Breaker(RULES)
    for number in range(7):
        ticket = breaker.enter(number)
        breaker.failed(ticket, number) if number % 2 else breaker.succeeded(ticket, number)
    assert breaker.opened_at is None  # too few calls to judge
    breaker.failed(breaker.enter(7), 7)
    assert breaker.opened_at == 7


def test_old_failures_are_forgotten() -> None:
    breaker = Breaker(RULES)
    for number in range(100):
        now = 100.0 * (number // 6)
        ticket = breaker.enter(now)
        breaker.failed(ticket, now) if number % 2 else breaker.succeeded(ticket, now)
    assert breaker.state is State.CLOSED


def test_few_failures_among_many_calls_do_not_trip() -> None:
    breaker = Breaker(RULES)
    for number in range(1000):
        ticket = breaker.enter(number / 50)
        breaker.failed(ticket, number / 50) if number % 3 == 2 else breaker.succeeded(ticket, number / 50)
    assert breaker.state is State.CLOSED


def test_the_pause_doubles_until_the_longest_and_starts_anew() -> None:
    breaker, now, pauses = Breaker(RULES), 50.0, []
    trip(breaker, now)
    for _ in range(5):
        pauses.append(breaker.rests_until - now)
        now = breaker.rests_until
        breaker.failed(breaker.enter(now), now)
    assert pauses == pytest.approx([1, 2, 4, 5, 5])
    assert breaker.opened_at == 50.0
    now = breaker.rests_until
    breaker.succeeded(breaker.enter(now), now)
    trip(breaker, now)
    assert breaker.rests_until - now == pytest.approx(1)
