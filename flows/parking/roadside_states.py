"""How a session in a roadside bay stands, and what leads it where; what is not in the table changes nothing.

No arm holds anybody back: it is paid before or after leaving. A bay can be occupied with an unknown plate.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

State = Literal[
    "detected",  # the bay is occupied: by whom is not known
    "confirmed",  # the plate is known
    "running",  # and since when: the time costs
    "left",
    "billed",
    "paid",
    "arrears",
    "written_off",
    "unknown",  # it left unseen: nobody can be billed
    "orphan",
    "closed_by_operator",
    "disputed",
    "adjusted",
]
Event = Literal[
    "confirm", "start", "pay", "leave", "bill", "debit", "remind", "write_off", "lose", "close", "dispute", "adjust"
]  # fmt: skip

_OWING: tuple[State, ...] = ("billed", "arrears", "closed_by_operator")
_KNOWN: tuple[State, ...] = ("confirmed", "running")
_DISPUTABLE: tuple[State, ...] = (*_KNOWN, "left", "paid", "written_off", "orphan", *_OWING)

TRANSITIONS: Mapping[tuple[State, Event], State] = {
    ("detected", "confirm"): "confirmed",
    ("confirmed", "start"): "running",
    **{(state, "pay"): state for state in _KNOWN},
    ("detected", "leave"): "unknown",
    **{(state, "leave"): "left" for state in _KNOWN},
    ("detected", "lose"): "unknown",
    **{(state, "lose"): "orphan" for state in _KNOWN},
    ("orphan", "close"): "closed_by_operator",
    ("left", "pay"): "paid",
    ("left", "bill"): "billed",
    **{(state, "pay"): "paid" for state in _OWING},
    **{(state, "debit"): "paid" for state in _OWING},
    **{(state, "remind"): "arrears" for state in _OWING},
    **{(state, "write_off"): "written_off" for state in _OWING},
    **{(state, "dispute"): "disputed" for state in _DISPUTABLE},
    ("disputed", "adjust"): "adjusted",
    ("adjusted", "remind"): "arrears",
    ("adjusted", "pay"): "paid",
    ("adjusted", "dispute"): "disputed",
}


def state_after(events: Iterable[Event], start: State = "detected") -> State:
    """Return where events lead, in their order."""
    for event in events:
        start = TRANSITIONS.get((start, event), start)
    return start
