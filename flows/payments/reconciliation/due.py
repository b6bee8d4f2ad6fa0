"""Which days of an app are to be reconciled: from its first payment on, at most a month back, each until it is done."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.payments.reconciliation.tables import HostBill
from flows.payments.tables import PaymentAttempt
from kernel.clock import CHINA, Clock

_DAYS = 31  # hosts keep bills for three months at least


async def due_days(session: AsyncSession, clock: Clock, app_id: str) -> Sequence[date]:
    """Return the days that are over and have no comparison since the bills up to them came, the oldest first."""
    began = select(PaymentAttempt.created_at).where(PaymentAttempt.app_id == app_id)
    first = (await session.exec(began.order_by(col(PaymentAttempt.created_at)).limit(1))).first()
    if first is None:
        return []
    today = clock.now().astimezone(CHINA).date()
    begin = max(first.astimezone(CHINA).date(), today - timedelta(days=_DAYS))
    done = select(HostBill).where(HostBill.app_id == app_id, col(HostBill.day) >= begin)
    bills = {each.day: each for each in (await session.exec(done)).all()}
    due, came = list[date](), None
    for day in (begin + timedelta(days=each) for each in range((today - begin).days)):
        bill = bills.get(day)
        if bill is None or (came is not None and bill.compared_at < came):
            due.append(day)
        if bill is not None:
            came = bill.fetched_at if came is None else max(came, bill.fetched_at)
    return due
