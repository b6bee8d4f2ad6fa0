"""What hosts tell us of payments: verified by their channel, kept as it came, and settled in one transaction.

Nothing here trusts what a client says. A message that is not the host's is refused and only logged: a stranger decides
how many there are. One that is genuine and about nothing of ours is kept and marked odd, for people.
"""

from collections.abc import Mapping

from msgspec import Struct
from sqlalchemy.dialects import postgresql
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.channel import Callback, Payment, Refund
from flows.payments.messages import QUERY, REFUND, AttemptNamed, RefundNamed
from flows.payments.moving import settle_refund
from flows.payments.refunding import refunds_of
from flows.payments.settling import settle
from flows.payments.tables import PaymentAttempt, PaymentNotice
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.ids import uuid7
from kernel.outbox import send


class Outcome(Struct, frozen=True):
    """What a message did, for those who look at it; ``odd``: somebody should."""

    said: str
    odd: bool = False


async def take(
    session: AsyncSession, clock: Clock, cipher: FieldCipher, app_id: str, came: tuple[Callback, bytes]
) -> Outcome:
    """Do what a verified message means, however often and in whichever order messages come; keep its body.

    ``app_id`` is whose address it came to, and must be the app of what it is about.
    """
    callback, body = came
    about = callback.about
    if isinstance(about, Payment):
        outcome = await _payment(session, clock, app_id, about)
    elif isinstance(about, Refund):
        outcome = await _refund(session, clock, app_id, about)
    else:
        outcome = Outcome("an event", odd=True)
    await _keep(session, clock, cipher, app_id, callback, body, outcome)
    return outcome


async def _payment(session: AsyncSession, clock: Clock, app_id: str, about: Payment) -> Outcome:
    attempt = await session.get(PaymentAttempt, about.number)
    if attempt is None or attempt.app_id != app_id:
        return Outcome("a payment that is not ours", odd=True)
    judgement = await settle(session, clock, about.number, about)
    because = f" ({judgement.because})" if judgement.because else ""
    return Outcome(f"{about.state}: {judgement.verdict}{because}")


async def _refund(session: AsyncSession, clock: Clock, app_id: str, about: Refund) -> Outcome:
    """A host may tell of a refund before, or without, the payment's own notice: then the payment is asked about."""
    attempt = await session.get(PaymentAttempt, about.order)
    if attempt is None or attempt.app_id != app_id:
        return Outcome("a refund of what is not ours", odd=True)
    if attempt.state not in {"paid", "surplus"}:
        send(session, clock, QUERY, AttemptNamed(attempt.number))
        return Outcome("a refund of what we do not know to be paid: asked", odd=True)
    if about.number:
        fits = await settle_refund(session, clock, about.number, about)
        return Outcome(f"refund {about.state}") if fits else Outcome("a refund that is not ours", odd=True)
    ours = await refunds_of(session, attempt.number)  # the host does not say which it means
    for each in ours:
        if each.state in {"requested", "accepted"}:
            send(session, clock, REFUND, RefundNamed(each.number))
    return Outcome(f"refund {about.state}: asked which" if ours else "a refund that is not ours", odd=not ours)


async def _keep(  # noqa: PLR0913, PLR0917 - a message and what became of it
    session: AsyncSession,
    clock: Clock,
    cipher: FieldCipher,
    app_id: str,
    callback: Callback,
    body: bytes,
    outcome: Outcome,
) -> None:
    now, id_ = clock.now(), uuid7()
    about = callback.about
    number = "" if isinstance(about, Mapping) else about.number
    made = postgresql.insert(PaymentNotice).values(
        id=id_,
        app_id=app_id,
        message_id=callback.message_id,
        number=number,
        body=cipher.seal("payment_notice.body", id_, body.decode("latin-1")),
        times=1,
        outcome=outcome.said,
        odd=outcome.odd,
        first_at=now,
        last_at=now,
    )
    again = {"times": col(PaymentNotice.times) + 1, "last_at": now}
    await session.exec(made.on_conflict_do_update(constraint="payment_notice_once", set_=again))
