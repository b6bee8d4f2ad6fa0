"""Debiting: an order is charged by a mandate, through what its host has for that, without the payer at hand.

A debit is an attempt like any other, so the order, the ledger and refunds know no difference. It is asked for in one
transaction and charged after it; right before that the order is looked at again, so that what was paid by hand
meanwhile is not charged. An unknown outcome is asked about with the same number. When a host cannot, the order's
``hears`` is told: the order is still to be paid.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Self
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.channel import Payment
from adapters.errors import NotOfferedError, OrderRefusedError, OutcomeUnknownError
from adapters.parking import Charge, Charging, Stay
from flows.payments.errors import CashierClosedError, WrongStateError
from flows.payments.mandates import chargeable
from flows.payments.messages import QUERY, AttemptNamed
from flows.payments.ordering import add_attempt, check_payable, is_payable, live_attempts, locked
from flows.payments.settling import locked_attempt, settle
from flows.payments.tables import PaymentAttempt, PaymentOrder
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.money import Fen
from kernel.outbox import send

DEBIT = "payments.debit"

_log = logging.getLogger(__name__)


class Debit(Struct, frozen=True, kw_only=True):
    """Which order to charge by which mandate, and for which stay, which the host has to know of."""

    order_id: UUID
    mandate_id: UUID
    stay: Stay
    left_at: datetime


class Due(Struct, frozen=True):
    """An attempt that is to be charged, and for what."""

    number: str
    stay: Stay
    left_at: datetime


class DebitAsked(Struct, frozen=True):
    """The message of that. ``due`` is sealed, for a message may wait for long, and a stay names a plate."""

    number: str
    due: bytes

    @classmethod
    def of(cls, cipher: FieldCipher, due: Due) -> Self:
        """Seal it."""
        return cls(due.number, cipher.seal(DEBIT, due.number, msgspec.json.encode(due).decode()))

    def opened(self, cipher: FieldCipher) -> Due:
        """Return it."""
        return msgspec.json.decode(cipher.open(DEBIT, self.number, self.due), type=Due)


async def debit(session: AsyncSession, clock: Clock, cipher: FieldCipher, wanted: Debit) -> PaymentAttempt:
    """Have an order charged after this transaction; while that is under way, again is the same attempt.

    Nothing is charged while somebody may pay it otherwise, in whichever app. Raises UnknownOrderError,
    AlreadyPaidError, OrderOverError, WrongStateError, AmountRefusedError.
    """
    order = await locked(session, wanted.order_id)
    check_payable(order, clock)
    mandate = await chargeable(session, wanted.mandate_id, Fen(order.amount))
    if mandate.account_id != order.account_id:
        raise WrongStateError("The mandate is another account's than the order", fix="Charge by the payer's own.")
    for live in await live_attempts(session, order.id):
        if live.mandate_id == mandate.id:
            return live
        raise WrongStateError("The order is being paid already", fix="Ask again when that attempt is over.")
    attempt = PaymentAttempt(
        order_id=order.id,
        provider=mandate.provider,
        app_id=mandate.app_id,
        mandate_id=mandate.id,
        amount=order.amount,
        expires_at=order.expires_at,
        created_at=clock.now(),
        changed_at=clock.now(),
    )
    await add_attempt(session, clock, order, attempt)
    send(session, clock, DEBIT, DebitAsked.of(cipher, Due(attempt.number, wanted.stay, wanted.left_at)))
    return attempt


async def charge(
    session: AsyncSession, clock: Clock, charging: Mapping[str, Charging], due: Due, notify_origin: str
) -> None:
    """Charge what was asked for, unless it is paid, ended or charged already. Raised errors: try the same again.

    The order stays locked while the host answers, so that nobody begins to pay it by hand meanwhile.
    """
    order, attempt = await locked_attempt(session, due.number)
    if attempt.state not in {"created", "unknown"}:
        return
    if (why := await _unwanted(session, clock, order, attempt)) is not None:
        await _settle(session, clock, attempt, Payment(number=due.number, state="closed"), why)
        send(session, clock, QUERY, AttemptNamed(due.number, goes_on=True))  # a try before may have been heard
        return
    product = charging.get(attempt.app_id)
    if product is None:
        raise CashierClosedError(f"The app {attempt.app_id} takes no fees by itself", fix="Give it a parking product.")
    wanted = Charge(
        number=attempt.number,
        amount=Fen(attempt.amount),
        subject=order.subject,
        stay=due.stay,
        left_at=due.left_at,
        notify_url=f"{notify_origin}/callbacks/payments/{attempt.app_id}",
    )
    word, why = await _charged(product, wanted)
    await _settle(session, clock, attempt, word, why)
    send(session, clock, QUERY, AttemptNamed(due.number, goes_on=True))


async def _charged(product: Charging, wanted: Charge) -> tuple[Payment, str]:
    """Charge; what is not known to be done is asked about, and raised if the host has not heard of it either."""
    try:
        return (await product.charge(wanted)).payment(), ""
    except (OrderRefusedError, NotOfferedError) as error:
        word = (await product.query_charge(wanted.number)).payment()
        return (Payment(number=wanted.number, state="failed") if word.state == "unknown" else word), error.message
    except OutcomeUnknownError:
        word = (await product.query_charge(wanted.number)).payment()
        if word.state == "unknown":
            raise
        return word, ""


async def _unwanted(session: AsyncSession, clock: Clock, order: PaymentOrder, attempt: PaymentAttempt) -> str | None:
    """Return why an attempt is not to be charged any more. One that may be charged already is, for its outcome."""
    if attempt.state == "unknown" or (mandate_id := attempt.mandate_id) is None:
        return None
    if not is_payable(order, clock):
        return f"The order is {order.state.replace('_', ' ')}."
    try:
        await chargeable(session, mandate_id, Fen(attempt.amount))
    except WrongStateError as error:
        return error.message
    return None


async def _settle(session: AsyncSession, clock: Clock, attempt: PaymentAttempt, word: Payment, why: str) -> None:
    if why:
        _log.warning("a debit is not made", extra={"attempt": attempt.number, "reason": why})
        attempt.said = why
        session.add(attempt)
    await settle(session, clock, attempt.number, word)
