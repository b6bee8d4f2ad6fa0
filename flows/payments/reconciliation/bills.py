"""Hosts' bills as rows: stored once a day and app, and read as keys where another day's bill matters."""

import hashlib
from uuid import UUID

import msgspec
from sqlalchemy import delete, insert
from sqlalchemy.dialects import postgresql
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.bills import Bill, BillLine
from flows.payments.reconciliation.comparing import key_of
from flows.payments.reconciliation.tables import HostBill, HostBillLine
from kernel.clock import Clock
from kernel.ids import uuid7
from kernel.money import Fen


async def store(session: AsyncSession, clock: Clock, bill: Bill) -> HostBill:
    """Store a bill, locked for this transaction alone. Another download replaces it, unless that has nothing in it.

    Hosts have one word for "nothing was paid" and "not made yet"; what was there once is not taken back by it.
    """
    digest, now = hashlib.sha256(msgspec.json.encode(bill.lines)).hexdigest(), clock.now()
    values = {"id": uuid7(), "app_id": bill.app_id, "day": bill.day, "lines": 0, "digest": "", "found": {}}
    made = postgresql.insert(HostBill).values(values | {"fetched_at": now, "compared_at": now})
    await session.exec(made.on_conflict_do_nothing(constraint="host_bill_once"))
    query = select(HostBill).where(HostBill.app_id == bill.app_id, HostBill.day == bill.day)
    row = (await session.exec(query.with_for_update().execution_options(populate_existing=True))).one()
    if digest == row.digest or (row.lines and not bill.lines):
        return row
    await session.exec(delete(HostBillLine).where(col(HostBillLine.bill_id) == row.id))
    if bill.lines:
        await session.exec(insert(HostBillLine), params=[_row(row.id, *each) for each in enumerate(bill.lines)])
    row.digest, row.lines, row.fetched_at = digest, len(bill.lines), now
    session.add(row)
    return row


async def lines_of(session: AsyncSession, bill_id: UUID) -> list[BillLine]:
    """Return a stored bill's lines."""
    query = select(HostBillLine).where(HostBillLine.bill_id == bill_id).order_by(col(HostBillLine.place))
    return [
        BillLine(
            number=each.payment,
            transaction=each.transaction,
            kind=each.kind,
            amount=Fen(each.amount),
            fee=Fen(each.fee),
            at=each.at,
            refund=each.number if each.kind == "refund" else "",
        )
        for each in (await session.exec(query)).all()
    ]


def _row(bill_id: UUID, place: int, line: BillLine) -> dict[str, object]:
    return {
        "bill_id": bill_id,
        "place": place,
        "kind": line.kind,
        "number": key_of(line).number,
        "payment": line.number,
        "transaction": line.transaction,
        "amount": line.amount,
        "fee": line.fee,
        "at": line.at,
    }
