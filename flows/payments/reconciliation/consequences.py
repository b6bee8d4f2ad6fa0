"""What follows from a difference. Money moves for two reasons alone, both by what payments do with any late callback.

What the host's bill has and we have not is applied once, by its number; what was paid twice by two attempts goes back.
Nothing is given back because a bill names one payment twice. Everything else is for people.
"""

from typing import NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.bills import BillLine
from adapters.channel import Payment
from flows.payments.messages import QUERY, REFUND, AttemptNamed, RefundNamed
from flows.payments.reconciliation.comparing import Entry, Finding
from flows.payments.reconciliation.tables import DifferenceState
from flows.payments.refunding import refunds_of
from flows.payments.settling import settle
from flows.payments.tables import PaymentRefund
from kernel.clock import Clock
from kernel.outbox import send


class Consequence(NamedTuple):
    """How a difference stands now, and why or what to do."""

    state: DifferenceState
    note: str


_FOR_PEOPLE = {
    "only_channel": "No payment or refund of ours has this number: find out at the host whose it is.",
    "duplicate_payment": "The host charged one number twice: have it give one back in its console.",
    "amount_diff": "Compare it with the host's console; nothing is changed by itself.",
    "only_ours": "The host does not bill what it told us was paid: ask for it.",
    "refund_missing": "The host told us that this was given back and does not bill it.",
}


async def follow(session: AsyncSession, clock: Clock, finding: Finding, entry: Entry | None) -> Consequence:
    """Do what follows from a difference, and say so. Again it changes nothing more."""
    concerns = finding.outcome in {"only_channel", "duplicate_payment"} and not finding.charged_twice
    if entry is None or finding.line is None or not concerns:
        return Consequence("open", _FOR_PEOPLE[finding.outcome])
    if finding.key.kind == "refund":
        return await _ask_about_refund(session, clock, finding.key.number)
    if entry.counts:
        return await _given_back(session, finding.key.number, entry)
    return await _apply(session, clock, finding.line)


async def _apply(session: AsyncSession, clock: Clock, line: BillLine) -> Consequence:
    """Take a line for the callback that never came."""
    word = Payment(number=line.number, state="paid", amount=line.amount, transaction=line.transaction, paid_at=line.at)
    judgement = await settle(session, clock, line.number, word)
    if judgement.verdict == "pay":
        return Consequence("applied", "Entered as paid: no callback had come.")
    if judgement.verdict == "overpay":
        return Consequence("given_back", f"Entered and on its way back ({judgement.because}).")
    send(session, clock, QUERY, AttemptNamed(line.number))
    return Consequence("open", "The bill's word is not enough; the host is asked.")


async def _given_back(session: AsyncSession, number: str, entry: Entry) -> Consequence:
    """Look whether what was paid twice is on its way back already."""
    back = [each for each in await refunds_of(session, number) if each.because != "asked"]
    if entry.second and back:
        return Consequence("given_back", f"On its way back by the refund {back[0].number}.")
    return Consequence("open", "The bill names one payment of the host's twice: nothing is given back for it.")


async def _ask_about_refund(session: AsyncSession, clock: Clock, number: str) -> Consequence:
    found = await session.get(PaymentRefund, number)
    if found is not None and found.state == "requested":
        send(session, clock, REFUND, RefundNamed(number))
        return Consequence("open", "The host is asked about the refund again.")
    return Consequence("open", "The host has given back what we hold for not done: see `yiwang payment stuck`.")
