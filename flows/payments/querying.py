"""Asking hosts how attempts stand, by schedule and whenever something hints at news; and closing what nobody may pay.

That a host does not know a number says nothing before the order's end (it may learn of it in a moment, or when the
payer opens the cashier). A close is believed when a query confirms it, never for its own answer.
"""

import logging
from collections.abc import Mapping

from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.channel import Channel, Payment
from adapters.errors import OrderRefusedError
from adapters.parking import Charging
from flows.payments.cashiers import channel_of
from flows.payments.messages import QUERY, AttemptNamed
from flows.payments.ordering import is_payable
from flows.payments.settling import locked_attempt, settle
from flows.payments.states import LIVE_ATTEMPTS
from flows.payments.tables import PaymentAttempt, PaymentOrder
from flows.payments.waiting import UNHEARD_IS_OVER, next_late_query, next_query
from kernel.clock import Clock
from kernel.errors import YiwangError
from kernel.outbox import send

_log = logging.getLogger(__name__)


class Hosts(Struct, frozen=True):
    """Whom to ask, by app id: channels, and what takes fees by itself."""

    channels: Mapping[str, Channel]
    charging: Mapping[str, Charging] = {}


async def look(session: AsyncSession, clock: Clock, hosts: Hosts, named: AttemptNamed) -> None:
    """Ask about one attempt and settle it; ``goes_on``: have it asked again as long as it may change.

    No row is locked while the host answers. What the host does not say, whatever the reason, is asked again.
    """
    attempt = await session.get(PaymentAttempt, named.number)
    if attempt is None:
        return
    order = await session.get_one(PaymentOrder, attempt.order_id)
    if attempt.state not in {"paid", "surplus"}:
        await _ask(session, clock, hosts, order, attempt)
    if named.goes_on:
        go_on(session, clock, attempt)


def go_on(session: AsyncSession, clock: Clock, attempt: PaymentAttempt) -> None:
    """Have an attempt asked about again, unless it is final."""
    now = clock.now()
    if attempt.state in LIVE_ATTEMPTS:
        wait = next_query(attempt.queries, now, attempt.expires_at)
    elif attempt.state in {"closed", "failed"} and (late := next_late_query(attempt.changed_at, now)) is not None:
        wait = late
    else:
        return
    send(session, clock, QUERY, AttemptNamed(attempt.number, goes_on=True), wait)


async def _ask(
    session: AsyncSession,
    clock: Clock,
    hosts: Hosts,
    order: PaymentOrder,
    attempt: PaymentAttempt,
) -> None:
    unwanted = not is_payable(order, clock)
    said = ""
    try:
        found = await _found(hosts, attempt, unwanted=unwanted)
    except YiwangError as error:
        said = error.message
        _log.warning("a payment could not be asked about", extra={"attempt": attempt.number, "reason": said})
    else:
        if found.state == "unknown" and unwanted and clock.now() >= attempt.expires_at + UNHEARD_IS_OVER:
            found = Payment(number=attempt.number, state="closed")
        await settle(session, clock, attempt.number, found)
    _, attempt = await locked_attempt(session, attempt.number)
    attempt.queries += 1
    attempt.said = said or attempt.said
    session.add(attempt)
    await session.flush()


async def _found(hosts: Hosts, attempt: PaymentAttempt, *, unwanted: bool) -> Payment:
    """Return the host's word; of what nobody may pay any more, after it was told to close it. Debits cannot be."""
    if attempt.mandate_id is not None and (charging := hosts.charging.get(attempt.app_id)) is not None:
        return (await charging.query_charge(attempt.number)).payment()
    channel = channel_of(hosts.channels, attempt.app_id)
    found = await channel.query(attempt.number)
    if not unwanted or found.state != "pending" or attempt.state not in LIVE_ATTEMPTS:
        return found
    try:
        await channel.close(attempt.number)
    except OrderRefusedError as error:  # paid in between, most likely: the query says
        _log.info("a payment is not closed", extra={"attempt": attempt.number, "reason": error.message})
    return await channel.query(attempt.number)
