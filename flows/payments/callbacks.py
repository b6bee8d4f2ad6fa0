"""What hosts tell us of payments: verified by their channel, kept as it came, and settled in one transaction.

Nothing here trusts what a client says. A message that is not the host's is refused and only logged: a stranger decides
how many there are. One that is genuine and about nothing of ours is kept and marked odd, for people.
"""

from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.channel import Callback, Payment, Refund
from flows.payments.messages import QUERY, REFUND, AttemptNamed, RefundNamed
from flows.payments.moving import settle_refund
from flows.payments.notices import Kept, keep
from flows.payments.refunding import refunds_of
from flows.payments.settling import is_anothers, settle
from flows.payments.tables import PaymentAttempt
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
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
    await keep(session, clock, cipher, Kept(app_id, callback, body, outcome.said, outcome.odd))
    return outcome


async def _payment(session: AsyncSession, clock: Clock, app_id: str, about: Payment) -> Outcome:
    attempt = await session.get(PaymentAttempt, about.number)
    if attempt is None or attempt.app_id != app_id:
        return Outcome("a payment that is not ours", odd=True)
    judgement = await settle(session, clock, about.number, about)
    if judgement.verdict == "ask":
        send(session, clock, QUERY, AttemptNamed(about.number))
    because = f" ({judgement.because})" if judgement.because else ""
    said = f"{about.state}: {judgement.verdict}{because}"
    if await is_anothers(session, attempt, about):
        return Outcome(f"{said}, by somebody else than began it", odd=True)
    return Outcome(said)


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
