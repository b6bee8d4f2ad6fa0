"""How a session in a garage stands, and what leads it where; what is not in the table changes nothing."""

from collections.abc import Iterable, Mapping
from typing import Literal

State = Literal[
    "expected",  # a reservation
    "entered",
    "quoted",
    "prepaid",  # until the grace for leaving ends
    "grace_over",
    "exit_requested",  # it stands at the exit
    "pay_at_exit",
    "exited",
    "released_unpaid",
    "arrears",
    "debited",
    "paid",
    "written_off",
    "orphan",  # no exit came
    "closed_by_operator",
    "disputed",
    "adjusted",
]
Event = Literal[
    "enter",
    "quote",
    "expire",  # a quote
    "pay",
    "end_grace",
    "ask",  # to leave
    "demand",  # what is due, before the arm opens
    "leave",  # with nothing due
    "release",  # although something is due
    "debit",  # by mandate, after leaving
    "remind",
    "write_off",
    "lose",
    "close",
    "dispute",
    "adjust",
]

_INSIDE: tuple[State, ...] = ("entered", "quoted", "prepaid", "grace_over")
_OWING: tuple[State, ...] = ("released_unpaid", "arrears", "closed_by_operator")
INSIDE: frozenset[State] = frozenset({*_INSIDE, "exit_requested", "pay_at_exit"})
OWING: frozenset[State] = frozenset(_OWING)

_DISPUTABLE: tuple[State, ...] = (
    *_INSIDE, "exit_requested", "pay_at_exit", "exited", *_OWING, "debited", "paid", "written_off", "orphan",
)  # fmt: skip

TRANSITIONS: Mapping[tuple[State, Event], State] = {
    ("expected", "enter"): "entered",
    ("entered", "quote"): "quoted",
    ("quoted", "quote"): "quoted",
    ("quoted", "expire"): "entered",
    ("grace_over", "quote"): "quoted",
    ("pay_at_exit", "pay"): "prepaid",
    **{(state, "pay"): "prepaid" for state in _INSIDE},
    ("prepaid", "end_grace"): "grace_over",
    **{(state, "ask"): "exit_requested" for state in _INSIDE},
    ("exit_requested", "ask"): "exit_requested",
    ("pay_at_exit", "ask"): "exit_requested",
    ("exit_requested", "pay"): "prepaid",
    ("exit_requested", "demand"): "pay_at_exit",
    ("exit_requested", "leave"): "exited",
    ("exit_requested", "release"): "released_unpaid",
    **{(state, "lose"): "orphan" for state in (*_INSIDE, "exit_requested", "pay_at_exit")},
    ("orphan", "close"): "closed_by_operator",
    **{(state, "pay"): "paid" for state in _OWING},
    **{(state, "debit"): "debited" for state in _OWING},
    **{(state, "remind"): "arrears" for state in _OWING},
    **{(state, "write_off"): "written_off" for state in _OWING},
    **{(state, "dispute"): "disputed" for state in _DISPUTABLE},
    ("disputed", "adjust"): "adjusted",
    ("adjusted", "remind"): "arrears",
    ("adjusted", "pay"): "paid",
    ("adjusted", "dispute"): "disputed",
}


def state_after(events: Iterable[Event], start: State = "expected") -> State:
    """Return where events lead, in their order."""
    for event in events:
        start = TRANSITIONS.get((start, event), start)
    return start
