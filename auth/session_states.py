"""The life of everything by which somebody is signed in: which event leads from which state to which.

Tables only. Times are decided by whoever holds the clock, who then says ``expire``; what has to happen on arriving in
a state is named in ``effects`` and done by whoever stores the state, in the same transaction.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property

from msgspec import Struct

from auth.errors import MoveRefusedError

LOGIN_TRANSACTION_LIFETIME = timedelta(minutes=10)
TICKET_LIFETIME = timedelta(seconds=60)
REFRESH_REPEAT_WITHIN = timedelta(seconds=10)  # a client that lost the answer asks again and gets the same successor
MERGE_UNDO_WITHIN = timedelta(days=30)


class StateTable(Struct, frozen=True, dict=True):
    """One kind of thing. ``moves`` is (state, event) → state; a state that none leaves is final."""

    name: str
    start: str
    moves: Mapping[tuple[str, str], str]
    effects: Mapping[str, tuple[str, ...]] = {}

    @cached_property
    def states(self) -> frozenset[str]:
        return frozenset({self.start, *self.moves.values(), *(state for state, _ in self.moves)})

    @cached_property
    def events(self) -> frozenset[str]:
        return frozenset(event for _, event in self.moves)

    @cached_property
    def final(self) -> frozenset[str]:
        """The states that only lead to themselves, if anywhere."""
        return self.states - {state for (state, _), to in self.moves.items() if to != state}


def advance(table: StateTable, state: str, event: str) -> str:
    """Return the state that an event leads to. Raises MoveRefusedError, which names the events that are possible."""
    to = table.moves.get((state, event))
    if to is not None:
        return to
    if state not in table.states:
        raise MoveRefusedError(
            f"A {table.name} has no state {state!r}", fix=f"Its states are: {', '.join(sorted(table.states))}."
        )
    possible = events_from(table, state)
    raise MoveRefusedError(
        f"A {table.name} that is {state} does not go on by {event!r}",
        fix=f"Possible now: {', '.join(possible)}." if possible else "This is the end: begin a new one.",
    )


def events_from(table: StateTable, state: str) -> list[str]:
    """Return the events that a state allows, in alphabetical order."""
    return sorted(event for each, event in table.moves if each == state)


def effects_of(table: StateTable, state: str) -> tuple[str, ...]:
    """Return what has to happen on arriving in a state, in this order."""
    return table.effects.get(state, ())


def _from_each(states: str, event: str, to: str) -> dict[tuple[str, str], str]:
    return {(state, event): to for state in states.split()}


# A live session that is recognised counts as the method, so silent sign-on passes AUTHENTICATE too. Leaving a step by
# anything but ``retry``, ``deny`` or ``expire`` says that the step was passed.
_OPEN = "NEW IDENTIFY AUTHENTICATE PROOF STEP_UP LINK CONSENT"
LOGIN_TRANSACTION = StateTable(
    "login transaction",
    "NEW",
    {
        ("NEW", "identify"): "IDENTIFY",
        ("IDENTIFY", "authenticate"): "AUTHENTICATE",
        **_from_each("AUTHENTICATE", "prove", "PROOF"),
        **_from_each("AUTHENTICATE PROOF", "step_up", "STEP_UP"),
        **_from_each("AUTHENTICATE PROOF STEP_UP", "link", "LINK"),
        **_from_each("AUTHENTICATE PROOF STEP_UP LINK", "ask_consent", "CONSENT"),
        **_from_each("AUTHENTICATE PROOF STEP_UP LINK CONSENT", "issue", "ISSUED"),
        ("AUTHENTICATE", "retry"): "AUTHENTICATE",
        ("PROOF", "retry"): "PROOF",
        ("STEP_UP", "retry"): "STEP_UP",
        **_from_each(_OPEN, "deny", "DENIED"),
        **_from_each(_OPEN, "expire", "EXPIRED"),
    },
)

_SIGNED_OUT = ("revoke-families", "queue-logout-tokens", "publish-session-revoked")
SESSION = StateTable(
    "session",
    "ACTIVE",
    {
        ("ACTIVE", "use"): "ACTIVE",
        ("ACTIVE", "step_up"): "ACTIVE",  # a new auth_time and acr on the same sid
        ("ACTIVE", "expire_idle"): "IDLE_EXPIRED",
        ("ACTIVE", "expire_absolute"): "ABS_EXPIRED",
        ("ACTIVE", "log_out"): "LOGGED_OUT",
        ("ACTIVE", "revoke"): "REVOKED",
    },
    dict.fromkeys(("IDLE_EXPIRED", "ABS_EXPIRED", "LOGGED_OUT", "REVOKED"), _SIGNED_OUT),
)

CODE = StateTable(
    "code",
    "ISSUED",
    {
        ("ISSUED", "redeem"): "REDEEMED",
        ("ISSUED", "expire"): "EXPIRED",
        ("REDEEMED", "redeem"): "FAMILY_REVOKED",
        ("FAMILY_REVOKED", "redeem"): "FAMILY_REVOKED",
    },
    {"FAMILY_REVOKED": ("revoke-family",)},
)

REFRESH_TOKEN = StateTable(
    "refresh token",
    "LIVE",
    {
        ("LIVE", "use"): "USED",
        ("LIVE", "expire"): "EXPIRED",
        ("USED", "repeat"): "USED",  # within REFRESH_REPEAT_WITHIN: the same answer
        ("USED", "use"): "FAMILY_REVOKED",
        **_from_each("LIVE USED FAMILY_REVOKED", "revoke", "FAMILY_REVOKED"),
        ("FAMILY_REVOKED", "use"): "FAMILY_REVOKED",
    },
    {"FAMILY_REVOKED": ("revoke-family",)},
)

TICKET = StateTable(
    "ticket",
    "ISSUED",
    {
        ("ISSUED", "present"): "CONSUMED",
        ("ISSUED", "expire"): "EXPIRED",
        ("CONSUMED", "present"): "REPLAYED",
        ("REPLAYED", "present"): "REPLAYED",
    },
    {"REPLAYED": ("raise-alarm", "revoke-session-of-ticket")},
)

IDENTITY_LINK = StateTable(
    "identity link",
    "NONE",
    {
        ("NONE", "suggest"): "SUGGESTED",
        ("SUGGESTED", "challenge"): "CHALLENGED",
        ("SUGGESTED", "decline"): "NONE",
        ("CHALLENGED", "prove"): "LINKED",
        ("CHALLENGED", "fail"): "NONE",
        ("LINKED", "unlink"): "UNLINKED",
        ("UNLINKED", "suggest"): "SUGGESTED",
    },
    {"UNLINKED": ("revoke-sessions-of-identity", "notify-other-channels")},
)

MERGE = StateTable(
    "merge",
    "PROPOSED",
    {
        ("PROPOSED", "prove"): "PROVEN",
        ("PROVEN", "merge"): "MERGED",
        ("MERGED", "settle"): "FINAL",  # after MERGE_UNDO_WITHIN
        ("MERGED", "undo"): "UNDONE",
        **_from_each("PROPOSED PROVEN", "cancel", "CANCELLED"),
    },
)

TABLES = (LOGIN_TRANSACTION, SESSION, CODE, REFRESH_TOKEN, TICKET, IDENTITY_LINK, MERGE)
