"""Trying to have an order paid in one host app: the attempt is committed before the host hears of it.

So nothing that a host knows is unknown to us, whoever dies in between. As long as an attempt is live, the same order in
the same app is the same attempt with the same number: what its outcome was does not matter.
"""

from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

from msgspec import Struct
from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from adapters import channel as host
from adapters.channel import Channel
from adapters.errors import HostConfigurationError, NotOfferedError, OrderRefusedError, OutcomeUnknownError
from auth.accounts.accounts import identities_of
from auth.accounts.tables import Identity
from flows.payments import cashiers
from flows.payments.errors import (
    AlreadyPaidError,
    CashierClosedError,
    OrderOverError,
    PayerUnknownError,
    WrongStateError,
)
from flows.payments.messages import QUERY, AttemptNamed
from flows.payments.ordering import is_over, live_attempts, locked, order_of
from flows.payments.querying import go_on
from flows.payments.settling import locked_attempt, step
from flows.payments.states import PAID_ORDERS, AttemptEvent, after_order
from flows.payments.tables import PaymentAttempt, PaymentOrder
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import YiwangError
from kernel.money import Fen
from kernel.outbox import send


class Cashier(Struct, frozen=True):
    """Where payments are tried: a process's connections, its apps by id, and the public address of the callbacks."""

    database: Database
    redis: Redis
    clock: Clock
    channels: Mapping[str, Channel]
    callbacks: str  # https, without a slash at its end

    def notify_url(self, app_id: str) -> str:
        """Return where an app's host calls: no query, no redirect (hosts lose notices to either)."""
        return f"{self.callbacks}/callbacks/payments/{app_id}"


class Begun(Struct, frozen=True):
    """An attempt, and what the client passes to the host's cashier."""

    number: str
    arguments: Mapping[str, str]


async def begin_attempt(
    session: AsyncSession, clock: Clock, channel: Channel, account_id: UUID, order_id: UUID
) -> tuple[PaymentAttempt, host.HostIdentity]:
    """Write an attempt down, or find the live one; to be committed before ``prepay``.

    Raises UnknownOrderError, AlreadyPaidError, OrderOverError, PayerUnknownError.
    """
    await order_of(session, account_id, order_id)
    order = await locked(session, order_id)
    _check_payable(order, clock)
    for live in await live_attempts(session, order.id):
        if live.app_id == channel.app_id:
            identity = await session.get_one(Identity, live.identity_id)
            return live, _payer(channel, identity)
    identity = await _identity_in(session, account_id, channel)
    now = clock.now()
    attempt = PaymentAttempt(
        order_id=order.id,
        provider=channel.provider,
        app_id=channel.app_id,
        identity_id=identity.id,
        amount=order.amount,
        expires_at=order.expires_at,
        created_at=now,
        changed_at=now,
    )
    session.add(attempt)
    order.state, order.changed_at = after_order(order.state, "attempt"), now
    session.add(order)
    await session.flush()
    go_on(session, clock, attempt)
    return attempt, _payer(channel, identity)


async def prepay(cashier: Cashier, attempt: PaymentAttempt, payer: host.HostIdentity) -> Begun:
    """Have the host take a committed attempt, outside of any transaction; note what became of it.

    Raises CashierClosedError if the host does not take payments for us, else whatever the channel raises: then the
    same may be tried again.
    """
    channel = cashiers.channel_of(cashier.channels, attempt.app_id)
    async with cashier.database.session() as session:
        order = await session.get_one(PaymentOrder, attempt.order_id)
    wanted = host.Order(
        number=attempt.number,
        amount=Fen(attempt.amount),
        subject=order.subject,
        payer=payer,
        notify_url=cashier.notify_url(attempt.app_id),
        expires_at=attempt.expires_at,
    )
    try:
        arguments = await channel.prepay(wanted)
    except YiwangError as error:
        await _note_failure(cashier, attempt, error)
        if isinstance(error, HostConfigurationError | NotOfferedError):
            await cashiers.refused(cashier.redis, attempt.app_id)
            raise CashierClosedError(
                "This app takes no payments at the moment", fix="Pay in another app, or a little later."
            ) from error
        raise
    await _note(cashier, attempt.number, "prepare", "")
    return Begun(attempt.number, arguments)


async def _note_failure(cashier: Cashier, attempt: PaymentAttempt, error: YiwangError) -> None:
    match error:
        case OutcomeUnknownError():
            await _note(cashier, attempt.number, "lose", error.message)
        case HostConfigurationError() | NotOfferedError() | OrderRefusedError() if attempt.state == "created":
            await _note(cashier, attempt.number, "fail", error.message)
        case _:  # it was tried before and may be paid: a query tells
            await _note(cashier, attempt.number, None, error.message)


async def _note(cashier: Cashier, number: str, event: AttemptEvent | None, said: str) -> None:
    """Note what became of prepaying; a callback may have been quicker, and what it said stays."""
    async with cashier.database.session() as session:
        held = await locked_attempt(session, number)
        held.attempt.said = said
        session.add(held.attempt)
        if event is None:
            send(session, cashier.clock, QUERY, AttemptNamed(number))
            return
        with suppress(WrongStateError):
            await step(session, cashier.clock, held, event)


def _check_payable(order: PaymentOrder, clock: Clock) -> None:
    if order.state in PAID_ORDERS:
        raise AlreadyPaidError("The order is paid", fix="Show its receipt.")
    if order.state == "closed" or is_over(order, clock):
        raise OrderOverError("The order can be paid no more", fix="Ask for a new price and order anew.")


async def _identity_in(session: AsyncSession, account_id: UUID, channel: Channel) -> Identity:
    """Return the payer's way in by this very app: a host refuses, or mistakes, the id that another app knows."""
    known = [
        each
        for each in await identities_of(session, account_id)
        if (each.provider, each.tenant) == (channel.provider, channel.app_id)
    ]
    if not known:
        raise PayerUnknownError(
            f"This account has never signed in by the app {channel.app_id}", fix="Sign in there, then pay."
        )
    return max(known, key=lambda each: each.last_used_at)


def _payer(channel: Channel, identity: Identity) -> host.HostIdentity:
    return host.HostIdentity(channel.provider, channel.app_id, identity.subject)
