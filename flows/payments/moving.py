"""Moving refunds: asking the host for them with their own number, then how they stand, until they are done or stuck."""

import logging
from collections.abc import Mapping

from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.channel import Channel, Payment, Refund
from adapters.errors import NotOfferedError, OrderRefusedError
from flows.payments.cashiers import channel_of
from flows.payments.messages import REFUND, RefundNamed
from flows.payments.refunding import locked_refund, step
from flows.payments.states import RefundEvent
from flows.payments.tables import PaymentAttempt, PaymentRefund
from flows.payments.waiting import grown
from kernel.clock import Clock
from kernel.errors import YiwangError
from kernel.money import Fen
from kernel.outbox import send

_log = logging.getLogger(__name__)

_MOST_REFUSALS = 6  # in ten minutes: until Baidu has consumed an order, or the merchant was topped up
_EVENTS: Mapping[str, RefundEvent] = {"pending": "accept", "done": "finish", "failed": "fail"}


async def move(session: AsyncSession, clock: Clock, channels: Mapping[str, Channel], named: RefundNamed) -> None:
    """Move one refund on; ``goes_on``: again and again until it is done or people have to decide.

    No row is locked while the host answers. What is not refused again and again is tried again, with the same number.
    """
    found = await session.get(PaymentRefund, named.number)
    if found is None or found.state not in {"requested", "accepted"}:
        return
    attempt, refusals = await session.get_one(PaymentAttempt, found.attempt_number), named.refusals
    try:
        word = await _asked(channel_of(channels, attempt.app_id), attempt, found)
    except YiwangError as error:
        refusals += isinstance(error, OrderRefusedError | NotOfferedError)
        if refusals > _MOST_REFUSALS:
            await step(session, clock, found.number, "fail", said=error.message)
        else:
            await _note(session, found.number, error.message)
    else:
        await settle_refund(session, clock, found.number, word)
    _, found = await locked_refund(session, named.number)
    found.queries += 1
    session.add(found)
    if named.goes_on and found.state in {"requested", "accepted"}:
        send(session, clock, REFUND, RefundNamed(found.number, goes_on=True, refusals=refusals), grown(found.queries))


async def settle_refund(session: AsyncSession, clock: Clock, number: str, word: Refund) -> bool:
    """Do what a host's verified word about a refund means; whether it was one that fits ours."""
    found = await session.get(PaymentRefund, number)
    if found is None or found.attempt_number != word.order or word.amount not in {None, found.amount}:
        return False
    if (event := _EVENTS.get(word.state)) is not None:
        await step(session, clock, number, event, said="The host could not give it back" if event == "fail" else "")
    return True


async def _asked(channel: Channel, attempt: PaymentAttempt, found: PaymentRefund) -> Refund:
    """Ask for a refund, or how it stands if the host has accepted it. A refusal counts if the host has not done it."""
    paid = Payment(
        number=attempt.number,
        state="paid",
        amount=Fen(attempt.paid_amount or 0),
        transaction=attempt.transaction,
        paid_at=attempt.paid_at,
        charged=attempt.mandate_id is not None,
    )
    if found.state == "accepted":
        return await channel.query_refund(found.number, paid)
    try:
        return await channel.refund(found.number, paid, Fen(found.amount), found.reason)
    except OrderRefusedError:
        word = await channel.query_refund(found.number, paid)
        if word.state == "unknown":
            raise
        return word


async def _note(session: AsyncSession, number: str, said: str) -> None:
    _log.warning("a refund could not be moved on", extra={"refund": number, "reason": said})
    _, found = await locked_refund(session, number)
    found.said = said
    session.add(found)
