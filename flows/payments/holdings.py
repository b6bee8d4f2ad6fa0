"""What payments hold about a resident, to read and take along (PIPL article 45); see ``auth.residents.holdings``."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import parts_of
from auth.residents.holdings import plain_row
from flows.payments.mandates import mandates_of
from flows.payments.tables import PaymentAttempt, PaymentOrder, PaymentRefund

_LINKS = {"account_id", "identity_id", "queries", "said"}


async def payments_held(session: AsyncSession, account_id: UUID) -> dict[str, Any]:
    """Return it as JSON's own types, of accounts that became part of this one too."""
    parts = await parts_of(session, account_id)
    query = select(PaymentOrder).where(col(PaymentOrder.account_id).in_(parts)).order_by(col(PaymentOrder.id))
    orders = (await session.exec(query)).all()
    mine = [each.id for each in orders]
    attempts = select(PaymentAttempt).where(col(PaymentAttempt.order_id).in_(mine))
    refunds = select(PaymentRefund).where(col(PaymentRefund.order_id).in_(mine))
    return {
        "orders": _rows(orders),
        "attempts": _rows((await session.exec(attempts)).all()),
        "refunds": _rows((await session.exec(refunds)).all()),
        "debit_mandates": _rows(await mandates_of(session, account_id)),
    }


def _rows(rows: Iterable[SQLModel]) -> list[dict[str, Any]]:
    return [plain_row(row, _LINKS) for row in rows]
