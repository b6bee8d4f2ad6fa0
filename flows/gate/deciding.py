"""What the arm does, and why: the site's own rules around the platform's (``flows.parking.exit_decision``). Pure.

At an entry: barred, then open. At an exit: a passage that was opened already, a receipt of what was paid in advance,
then fee, grace, mandate and paying later as the platform decides them; last, what a lane does that gets no answer.
"""

from typing import Literal

from msgspec import Struct

from flows.parking.exit_decision import Asked, decide
from flows.parking.sessions import AGAIN

Kind = Literal["open", "pay", "deny", "booth"]


class Barrier(Struct, frozen=True, omit_defaults=True):
    """``booth``: a person decides. ``amount_fen`` is what is to be paid now, or later by whoever was let out."""

    decision: Kind
    reason: str
    amount_fen: int = 0

    @property
    def opens(self) -> bool:
        return self.decision == "open"


class AtExit(Struct, frozen=True, kw_only=True):
    """A vehicle at an exit. ``asked`` None: the site knows no tariff, so nobody can say what is due.

    ``fail_open``: the lane opens when it gets no answer. ``heard``: the platform can be reached, so a phone can pay.
    """

    asked: Asked | None
    fail_open: bool
    heard: bool
    again: bool = False
    receipt: bool = False
    permit: str = ""


def at_entry(*, read: bool, barred: bool) -> Barrier:
    """Decide an entry; what was not read cannot be charged, so a person or a ticket is needed."""
    if not read:
        return Barrier("booth", "unread")
    return Barrier("deny", "barred") if barred else Barrier("open", "enter")


def at_exit(case: AtExit) -> Barrier:
    """Decide an exit."""
    if case.again or case.receipt:
        return Barrier("open", AGAIN if case.again else "receipt")
    if case.asked is None:
        return Barrier("open", "released_unpaid") if case.fail_open else Barrier("booth", "fee_unknown")
    decision = decide(case.asked)
    if decision.kind == "open":
        reason = "permit" if case.permit and decision.reason == "nothing_due" else decision.reason
        return Barrier("open", reason, max(decision.due_fen, 0))
    if decision.kind == "pay":
        if case.fail_open and not case.heard:
            return Barrier("open", "released_unpaid", decision.due_fen)
        return Barrier("pay", decision.reason, decision.due_fen)
    return Barrier("booth", decision.reason, decision.due_fen)
