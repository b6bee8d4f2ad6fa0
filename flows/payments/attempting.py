"""Trying to have an order paid in one host app: the attempt is committed before the host hears of it.

So nothing that a host knows is unknown to us, whoever dies in between. As long as an attempt is live, the same order in
the same app is the same attempt with the same number: what its outcome was does not matter.
"""

from collections.abc import Mapping
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
from flows.payments.errors import CashierClosedError, PayerUnknownError, WrongStateError
from flows.payments.messages import QUERY, AttemptNamed
from flows.payments.ordering import add_attempt, check_payable, live_attempts, locked, order_of
from flows.payments.querying import go_on
from flows.payments.settling import locked_attempt, step
from flows.payments.states import LIVE_ATTEMPTS, AttemptEvent, AttemptState
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

    Raises UnknownOrderError, AlreadyPaidError, OrderOverError, PayerUnknownError, WrongStateError.
    """
    await order_of(session, account_id, order_id)
    order = await locked(session, order_id)
    check_payable(order, clock)
    lives = await live_attempts(session, order.id)
    if any(each.identity_id is None for each in lives):  # in whichever app: it would be paid twice
        raise WrongStateError("The order is being charged by a mandate", fix="Ask how it stands in a moment.")
    for live in lives:
        if live.app_id == channel.app_id:
            return live, _payer(channel, await session.get_one(Identity, live.identity_id))
    identity = await identity_in(session, account_id, channel.provider, channel.app_id)
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
    await add_attempt(session, clock, order, attempt)
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
        await _note(cashier, attempt.number, error)
        if isinstance(error, HostConfigurationError | NotOfferedError):
            await cashiers.refused(cashier.redis, attempt.app_id)
            raise CashierClosedError(
                "This app takes no payments at the moment", fix="Pay in another app, or a little later."
            ) from error
        raise
    await _note(cashier, attempt.number)
    return Begun(attempt.number, arguments)


def _event(error: YiwangError, state: AttemptState) -> AttemptEvent | None:
    """What a failed prepaying means for an attempt as it stands now; None: a query tells."""
    match error:
        case OutcomeUnknownError() if state in {"created", "unknown"}:
            return "lose"
        case HostConfigurationError() | NotOfferedError() | OrderRefusedError() if state == "created":
            return "fail"
        case _:  # nothing was done, or it was tried before and may be paid
            return None


async def _note(cashier: Cashier, number: str, error: YiwangError | None = None) -> None:
    """Note what became of prepaying; a callback may have been quicker, and what it said stays."""
    async with cashier.database.session() as session:
        held = await locked_attempt(session, number)
        attempt = held.attempt
        attempt.said = "" if error is None else error.message
        session.add(attempt)
        event = "prepare" if error is None else _event(error, attempt.state)
        if event is None:
            send(session, cashier.clock, QUERY, AttemptNamed(number))
        elif attempt.state in LIVE_ATTEMPTS:
            await step(session, cashier.clock, held, event)


async def identity_in(session: AsyncSession, account_id: UUID, provider: str, app_id: str) -> Identity:
    """Return the payer's way in by this very app: a host refuses, or mistakes, the id that another app knows.

    Raises PayerUnknownError.
    """
    known = [
        each for each in await identities_of(session, account_id) if (each.provider, each.tenant) == (provider, app_id)
    ]
    if not known:
        raise PayerUnknownError(f"This account has never signed in by the app {app_id}", fix="Sign in there, then pay.")
    return max(known, key=lambda each: each.last_used_at)


def _payer(channel: Channel, identity: Identity) -> host.HostIdentity:
    return host.HostIdentity(channel.provider, channel.app_id, identity.subject)
