"""How a booking or a walk-in's ticket stands, and what leads it where; what is not in the table is refused.

One row lives from the hold to the end of the visit: a booking that is checked in and a ticket that was taken at the
door wait in one queue. ``held`` and what becomes of a hold are Redis's alone (``turnstile``): no row has them.
"""

from collections.abc import Mapping
from typing import Literal

from flows.appointments.errors import WrongStateError

State = Literal[
    "held",  # for some minutes, for whoever is about to confirm
    "expired",
    "released",  # given back before its time was over
    "confirmed",
    "conflict",  # the office's hours have changed under it: people decide
    "ticket",  # a walk-in, waiting
    "checked_in",  # come in time, waiting
    "called",
    "serving",
    "done",
    "missed",  # three calls, and nobody came
    "requeued",  # waiting again, once
    "no_show",
    "cancelled",  # by the person
    "rescheduled",  # another booking has taken its place
    "office_cancelled",  # its person may book before others
    "waitlisted",
    "offered",  # a place, for some minutes
    "lapsed",  # nobody took it
    "left",  # the waitlist, or the queue
]
Event = Literal[
    "confirm",
    "expire",
    "release",
    "remind",
    "collide",  # with what the office has changed
    "keep",  # although it collides
    "move",  # to another time, by the office's own system
    "check_in",
    "call",
    "serve",
    "finish",
    "miss",
    "requeue",
    "fail",  # to come
    "transfer",  # to another service's queue
    "take",  # a ticket, which is how a walk-in begins
    "cancel",
    "reschedule",
    "office_cancel",
    "offer",
    "lapse",
    "leave",
    "withdraw",  # somebody whom it names
]

_WAITING: tuple[State, ...] = ("ticket", "checked_in", "requeued")
WAITING: frozenset[State] = frozenset(_WAITING)
"""In the hall's queue."""
AT_COUNTER: frozenset[State] = frozenset({"called", "serving"})
PRESENT: frozenset[State] = frozenset({*_WAITING, *AT_COUNTER, "missed"})
"""In the hall."""
ACTIVE: frozenset[State] = frozenset({"confirmed", "conflict", *PRESENT})
"""These count against a person's limits, and no other booking of theirs may overlap them."""

GIVEN_UP: frozenset[State] = frozenset({"cancelled", "rescheduled", "office_cancelled"})
"""Their places are for others."""

TRANSITIONS: Mapping[tuple[State, Event], State] = {
    ("held", "confirm"): "confirmed",
    ("held", "expire"): "expired",
    ("held", "release"): "released",
    ("confirmed", "remind"): "confirmed",
    ("confirmed", "collide"): "conflict",
    ("conflict", "collide"): "conflict",
    ("conflict", "keep"): "confirmed",
    **{(state, "move"): "confirmed" for state in ("confirmed", "conflict")},
    **{(state, "cancel"): "cancelled" for state in ("confirmed", "conflict")},
    **{(state, "reschedule"): "rescheduled" for state in ("confirmed", "conflict")},
    **{(state, "office_cancel"): "office_cancelled" for state in ("confirmed", "conflict", "waitlisted", "offered")},
    **{(state, "withdraw"): state for state in ("confirmed", "conflict")},
    **{(state, "check_in"): "checked_in" for state in ("confirmed", "conflict")},
    ("confirmed", "fail"): "no_show",
    ("confirmed", "finish"): "done",  # its time is over, and nobody was reported missing
    ("done", "fail"): "no_show",  # as somebody says afterwards
    **{(state, "call"): "called" for state in (*_WAITING, "called")},
    **{(state, "leave"): "left" for state in (*_WAITING, "called")},
    **{(state, "transfer"): state for state in _WAITING},
    ("called", "transfer"): "requeued",
    ("serving", "transfer"): "requeued",
    ("called", "serve"): "serving",
    ("called", "miss"): "missed",
    ("missed", "requeue"): "requeued",  # once, which the queue counts
    ("missed", "fail"): "no_show",
    ("serving", "finish"): "done",
    ("waitlisted", "offer"): "offered",
    ("waitlisted", "leave"): "left",
    ("waitlisted", "lapse"): "lapsed",  # its last day is over
    ("offered", "confirm"): "confirmed",
    ("offered", "lapse"): "lapsed",
    ("offered", "leave"): "left",
}  # fmt: skip


_SAID: Mapping[State, str] = {
    "office_cancelled": "cancelled by the office",
    "no_show": "a no-show",
    "serving": "being served",
}


def after(state: State, event: Event) -> State:
    """Return the next state. Raises WrongStateError."""
    if state == "rescheduled":
        raise WrongStateError("It was moved: another appointment has taken its place", fix="Go on with that one.")
    if (found := TRANSITIONS.get((state, event))) is None:
        if state in {then for (_, what), then in TRANSITIONS.items() if what == event}:
            raise WrongStateError(f"It is {_SAID.get(state, state)} already", fix="Nothing is left to do.")
        raise WrongStateError(
            f"An appointment that is {state} cannot {event.replace('_', ' ')}",
            fix="Look how it stands now, and choose what is possible there.",
        )
    return found
