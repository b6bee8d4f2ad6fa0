"""What the arm at an exit does: it opens, what is due is paid first, a person looks, or it stays down. Pure.

A gate decides by itself when it hears nothing; then its event says what it did, and the session what is owed.
"""

from msgspec import Struct

from flows.parking.session_tables import DecisionKind, Match


class Decision(Struct, frozen=True):
    """What to do and why; ``due_fen`` is what is still to be paid, now or later."""

    kind: DecisionKind
    reason: str = ""
    due_fen: int = 0


class Asked(Struct, frozen=True, kw_only=True):
    """A vehicle at the exit. ``due_fen`` None: nobody knows, for it has no entry. ``mandate``: it may be debited."""

    match: Match
    due_fen: int | None
    in_grace: bool = False
    pays_later: bool = False
    mandate: bool = False


def decide(asked: Asked) -> Decision:
    """Return what the exit does. A plate that is only near is never debited: a mandate counts for an exact one."""
    if asked.match == "review":
        return Decision("review", "ambiguous_plate", asked.due_fen or 0)
    if asked.due_fen is None:
        return Decision("review", "no_entry")
    if asked.due_fen <= 0:
        return Decision("open", "in_grace" if asked.in_grace else "nothing_due")
    if asked.mandate and asked.match == "exact":
        return Decision("open", "by_mandate", asked.due_fen)
    if asked.pays_later:
        return Decision("open", "pays_later", asked.due_fen)
    return Decision("pay", "to_pay", asked.due_fen)
