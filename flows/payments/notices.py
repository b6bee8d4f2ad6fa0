"""Hosts' genuine messages, kept as they came: what they said is evidence as long as their money can be asked back."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from msgspec import Struct
from sqlalchemy import delete
from sqlalchemy.dialects import postgresql
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.channel import Callback
from flows.payments.tables import PaymentNotice
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.ids import uuid7

KEPT = timedelta(days=400)
"""Hosts give back for up to a year after a trade (WeChat Pay) and tell of it; a month more to settle the last of these.

They name who has paid, so no longer than that (PIPL article 19). Orders, attempts, refunds and the ledger stay.
"""
_MOST = 1000
_BODY = "payment_notice.body"


class Kept(Struct, frozen=True):
    """A message to whose address it came, and what it did."""

    app_id: str
    callback: Callback
    body: bytes
    outcome: str
    odd: bool


async def keep(session: AsyncSession, clock: Clock, cipher: FieldCipher, kept: Kept) -> None:
    """Keep a message, sealed; the same one again is counted."""
    now, id_ = clock.now(), uuid7()
    about = kept.callback.about
    made = postgresql.insert(PaymentNotice).values(
        id=id_,
        app_id=kept.app_id,
        message_id=kept.callback.message_id,
        number="" if isinstance(about, Mapping) else about.number,
        body=cipher.seal(_BODY, id_, kept.body.decode("latin-1")),
        times=1,
        outcome=kept.outcome,
        odd=kept.odd,
        first_at=now,
        last_at=now,
    )
    again = {"times": col(PaymentNotice.times) + 1, "last_at": now}
    await session.exec(made.on_conflict_do_update(constraint="payment_notice_once", set_=again))


async def odd(session: AsyncSession, most: int) -> Sequence[PaymentNotice]:
    """Return those that people have to look at, the newest first."""
    query = select(PaymentNotice).where(PaymentNotice.odd).order_by(col(PaymentNotice.last_at).desc())
    return (await session.exec(query.limit(most))).all()


async def of_number(session: AsyncSession, number: str) -> Sequence[PaymentNotice]:
    """Return what hosts have said of an attempt or refund, the oldest first."""
    query = select(PaymentNotice).where(PaymentNotice.number == number).order_by(col(PaymentNotice.first_at))
    return (await session.exec(query)).all()


def text_of(cipher: FieldCipher, row: PaymentNotice) -> str:
    """Open a message as it came."""
    return cipher.open(_BODY, row.id, row.body)


async def forget(session: AsyncSession, clock: Clock) -> int:
    """Delete a batch of those that came last longer ago than they are kept; return how many."""
    old = select(PaymentNotice.id).where(col(PaymentNotice.last_at) < clock.now() - KEPT).limit(_MOST)
    ids = (await session.exec(old.with_for_update(skip_locked=True))).all()
    await session.exec(delete(PaymentNotice).where(col(PaymentNotice.id).in_(ids)))
    return len(ids)
