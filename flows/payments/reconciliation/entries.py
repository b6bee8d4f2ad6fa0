"""Our side of a day: what the bill names, and what should be in it.

The bill's lines are rows already, so that both are joins: a day may have more lines than a statement has parameters.
Each half has an index; joined by OR neither would be used.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, union
from sqlalchemy import select as pick
from sqlalchemy.orm import Mapped
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.payments.reconciliation.comparing import EDGE, Entry, Key, days_of
from flows.payments.reconciliation.tables import HostBill, HostBillLine
from flows.payments.tables import PaymentAttempt, PaymentOrder, PaymentRefund
from kernel.clock import CHINA
from kernel.money import Fen


class Ours(NamedTuple):
    """What we know of a day: entries, whose order each is, which lines are another app's, what other bills have."""

    entries: Mapping[Key, Entry]
    orders: Mapping[Key, UUID]
    others: frozenset[Key]
    elsewhere: frozenset[Key]


async def ours(session: AsyncSession, bill: HostBill) -> Ours:
    """Read our side of a stored bill."""
    begin = datetime.combine(bill.day, time(0), CHINA) - EDGE
    until = begin + timedelta(days=1) + 2 * EDGE
    rows = [*(await _payments(session, bill, begin, until)), *(await _refunds(session, bill, begin, until))]
    mine = [(entry, order) for entry, order, app_id in rows if app_id == bill.app_id]
    return Ours(
        entries={entry.key: entry for entry, _ in mine},
        orders={entry.key: order for entry, order in mine},
        others=frozenset(entry.key for entry, _, app_id in rows if app_id != bill.app_id),
        elsewhere=await _elsewhere(session, bill, begin, until),
    )


_Row = tuple[Entry, UUID, str]


async def _payments(session: AsyncSession, bill: HostBill, begin: datetime, until: datetime) -> list[_Row]:
    attempt = PaymentAttempt
    columns = pick(
        *(col(attempt.number), col(attempt.order_id), col(attempt.app_id), col(attempt.state)),
        *(col(attempt.amount), col(attempt.paid_amount), col(attempt.paid_at), col(PaymentOrder.paid_by)),
    ).join(PaymentOrder, col(PaymentOrder.id) == attempt.order_id)
    due = and_(col(attempt.app_id) == bill.app_id, col(attempt.paid_at) >= begin, col(attempt.paid_at) < until)
    billed = columns.where(_billed(bill, "payment", col(attempt.number)))
    found = await _execute(session, union(columns.where(due), billed))
    return [(_payment(row), row.order_id, row.app_id) for row in found]


async def _refunds(session: AsyncSession, bill: HostBill, begin: datetime, until: datetime) -> list[_Row]:
    refund, attempt = PaymentRefund, PaymentAttempt
    columns = pick(
        *(col(refund.number), col(refund.order_id), col(attempt.app_id), col(refund.state)),
        *(col(refund.amount), col(refund.created_at), col(refund.done_at)),
    ).join(attempt, col(attempt.number) == refund.attempt_number)
    due = and_(col(attempt.app_id) == bill.app_id, col(refund.done_at) >= begin, col(refund.done_at) < until)
    billed = columns.where(_billed(bill, "refund", col(refund.number)))
    found = await _execute(session, union(columns.where(due), billed))
    return [(_refund(row), row.order_id, row.app_id) for row in found]


def _payment(row: Any) -> Entry:
    counts = row.state in {"paid", "surplus"}
    return Entry(
        key=Key("payment", row.number),
        amount=Fen(row.paid_amount if counts else row.amount),
        counts=counts,
        second=row.paid_by not in {None, row.number},
        days=days_of(row.paid_at, row.paid_at) if counts else frozenset(),
    )


def _refund(row: Any) -> Entry:
    """A host bills a refund when it takes it in hand, or when it has done it: between the two all days will do."""
    days: frozenset[date] = days_of(row.created_at, row.done_at) if row.state == "done" else frozenset()
    counts = row.state in {"accepted", "done"}
    return Entry(key=Key("refund", row.number), amount=Fen(row.amount), counts=counts, days=days)


def _billed(bill: HostBill, kind: str, number: Mapped[str]) -> ColumnElement[bool]:
    line = HostBillLine
    return number.in_(pick(col(line.number)).where(col(line.bill_id) == bill.id, col(line.kind) == kind))


async def _elsewhere(session: AsyncSession, bill: HostBill, begin: datetime, until: datetime) -> frozenset[Key]:
    """Return what the app's other bills have of this bill's lines, and of what should be in this bill."""
    line = HostBillLine
    other = (
        pick(col(line.kind), col(line.number))
        .join(HostBill, col(HostBill.id) == line.bill_id)
        .where(col(HostBill.app_id) == bill.app_id, col(HostBill.id) != bill.id)
    )
    paid = pick(col(PaymentAttempt.number)).where(
        col(PaymentAttempt.paid_at) >= begin, col(PaymentAttempt.paid_at) < until
    )
    done = pick(col(PaymentRefund.number)).where(
        col(PaymentRefund.done_at) >= begin, col(PaymentRefund.done_at) < until
    )
    here = pick(col(line.number)).where(col(line.bill_id) == bill.id)
    found = await _execute(session, union(*(other.where(col(line.number).in_(each)) for each in (here, paid, done))))
    return frozenset(Key(row.kind, row.number) for row in found)


async def _execute(session: AsyncSession, query: Any) -> list[Any]:
    connection = await session.connection()
    return list((await connection.execute(query)).all())
