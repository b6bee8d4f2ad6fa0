"""What a host's word about an attempt means for us: one pure rule, for callbacks and queries alike.

A word is never believed but for the very attempt and amount; that a host has not heard of a number is no answer.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from adapters.channel import Payment
from flows.payments.states import LIVE_ATTEMPTS, OPEN_ORDERS, AttemptState, OrderState
from flows.payments.tables import Because

Verdict = Literal[
    "nothing",
    "ask",  # the word is not enough: query
    "prepare",
    "close",
    "fail",
    "pay",
    "overpay",
]


class Standing(Struct, frozen=True):
    """What we know of an attempt and its order. ``amount`` is what we asked for, in fen."""

    order: OrderState
    attempt: AttemptState
    amount: int


class Judgement(Struct, frozen=True):
    """What to do; of a surplus also why the money goes back."""

    verdict: Verdict
    because: Because | None = None


NOTHING = Judgement("nothing")
_STEPS: Mapping[str, Verdict] = {"pending": "prepare", "closed": "close", "failed": "fail"}


def judge(known: Standing, found: Payment) -> Judgement:
    """Judge a host's word. What is settled stays so, whatever is said again, later or in another order."""
    if known.attempt in {"paid", "surplus"}:
        return NOTHING
    match found.state:
        case "paid":
            return _paid(known, found)
        case "refunded":  # and we never knew that it was paid: whatever the host did, nobody is served for it
            return Judgement("overpay", "returned") if found.amount else Judgement("ask")
        case "pending" | "closed" | "failed" if known.attempt in LIVE_ATTEMPTS:
            return Judgement(_STEPS[found.state])
        case _:
            return NOTHING


def _paid(known: Standing, found: Payment) -> Judgement:
    if found.amount is None or found.amount <= 0:
        return Judgement("ask")
    if found.amount != known.amount:
        return Judgement("overpay", "amount")
    if known.order in OPEN_ORDERS:
        return Judgement("pay")
    return Judgement("overpay", "late" if known.order == "closed" else "twice")
