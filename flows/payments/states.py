"""How orders, attempts, refunds and debit mandates stand, and what leads where; what is not in a table changes nothing.

An order is what is owed. An attempt is one try to have it paid at one host app, with a number of its own there.
"""

from collections.abc import Mapping
from typing import Literal

from flows.payments.errors import WrongStateError

OrderState = Literal[
    "created",
    "pending",  # a host app was asked for it
    "paid",
    "closed",  # it will never be paid; what still arrives goes back
    "refunding",  # of what was paid, something is on its way back
    "partly_refunded",
    "refunded",
]
OrderEvent = Literal["attempt", "pay", "close", "refund", "returned_part", "returned_all"]

OPEN_ORDERS: frozenset[OrderState] = frozenset({"created", "pending"})
"""These can be paid."""
PAID_ORDERS: frozenset[OrderState] = frozenset({"paid", "refunding", "partly_refunded", "refunded"})

ORDERS: Mapping[tuple[OrderState, OrderEvent], OrderState] = {
    ("created", "attempt"): "pending",
    ("pending", "attempt"): "pending",
    ("created", "pay"): "paid",  # of nothing at all
    ("pending", "pay"): "paid",
    ("created", "close"): "closed",
    ("pending", "close"): "closed",
    ("paid", "refund"): "refunding",
    ("partly_refunded", "refund"): "refunding",
    ("refunding", "refund"): "refunding",
    ("refunding", "returned_part"): "partly_refunded",
    ("refunding", "returned_all"): "refunded",
}

AttemptState = Literal[
    "created",  # ours alone; or the host has it, and we died before we heard so
    "unknown",  # the host may have it
    "pending",  # the host has it
    "paid",  # the money counts for the order
    "surplus",  # the money came twice, too late or in another amount, and goes back
    "closed",
    "failed",
]
AttemptEvent = Literal["prepare", "lose", "pay", "overpay", "close", "fail"]

LIVE_ATTEMPTS: frozenset[AttemptState] = frozenset({"created", "unknown", "pending"})
"""These may still be paid by what we gave the client."""

ATTEMPTS: Mapping[tuple[AttemptState, AttemptEvent], AttemptState] = {
    ("created", "prepare"): "pending",
    ("unknown", "prepare"): "pending",
    ("pending", "prepare"): "pending",
    ("created", "lose"): "unknown",
    ("unknown", "lose"): "unknown",
    ("created", "fail"): "failed",
    ("unknown", "fail"): "failed",
    ("pending", "fail"): "failed",
    ("created", "close"): "closed",
    ("unknown", "close"): "closed",
    ("pending", "close"): "closed",
    # Hosts do report money for what they called closed or failed a moment ago (a race of their own).
    **{(state, "pay"): "paid" for state in ("created", "unknown", "pending", "closed", "failed")},
    **{(state, "overpay"): "surplus" for state in ("created", "unknown", "pending", "closed", "failed")},
}

RefundState = Literal[
    "requested",  # by us; whether the host has it is not known
    "accepted",  # by the host, which is not done
    "done",
    "stuck",  # the host cannot: people decide
    "paid_out",  # by people, another way
]
RefundEvent = Literal["accept", "finish", "fail", "retry", "pay_out"]

OWED_REFUNDS: frozenset[RefundState] = frozenset({"requested", "accepted", "stuck"})
"""This money is still to reach the resident."""

REFUNDS: Mapping[tuple[RefundState, RefundEvent], RefundState] = {
    ("requested", "accept"): "accepted",
    ("accepted", "accept"): "accepted",
    ("requested", "finish"): "done",
    ("accepted", "finish"): "done",
    ("stuck", "finish"): "done",
    ("requested", "fail"): "stuck",
    ("accepted", "fail"): "stuck",
    ("stuck", "fail"): "stuck",
    ("stuck", "retry"): "requested",
    ("stuck", "pay_out"): "paid_out",
}

MandateState = Literal["signed", "active", "suspended", "terminated"]
MandateEvent = Literal["activate", "suspend", "resume", "terminate"]

MANDATES: Mapping[tuple[MandateState, MandateEvent], MandateState] = {
    ("signed", "activate"): "active",
    ("active", "suspend"): "suspended",
    ("suspended", "resume"): "active",
    ("signed", "terminate"): "terminated",
    ("active", "terminate"): "terminated",
    ("suspended", "terminate"): "terminated",
}


def after_order(state: OrderState, event: OrderEvent) -> OrderState:
    """Return the next state. Raises WrongStateError."""
    if (found := ORDERS.get((state, event))) is None:
        raise _wrong("order", state, event)
    return found


def after_attempt(state: AttemptState, event: AttemptEvent) -> AttemptState:
    """Return the next state. Raises WrongStateError."""
    if (found := ATTEMPTS.get((state, event))) is None:
        raise _wrong("attempt", state, event)
    return found


def after_refund(state: RefundState, event: RefundEvent) -> RefundState:
    """Return the next state. Raises WrongStateError."""
    if (found := REFUNDS.get((state, event))) is None:
        raise _wrong("refund", state, event)
    return found


def after_mandate(state: MandateState, event: MandateEvent) -> MandateState:
    """Return the next state. Raises WrongStateError."""
    if (found := MANDATES.get((state, event))) is None:
        raise _wrong("debit mandate", state, event)
    return found


def _wrong(what: str, state: str, event: str) -> WrongStateError:
    return WrongStateError(
        f"The {what} is {state.replace('_', ' ')}: it cannot {event.replace('_', ' ')}", fix="Look how it stands now."
    )
