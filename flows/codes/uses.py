"""Who has read a resident's codes, for the resident to see."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import parts_of
from flows.codes.tables import CodeUse, CodeVerifier

Read = tuple[CodeUse, CodeVerifier]


async def uses_of(session: AsyncSession, account_id: UUID, first: int | None = None) -> Sequence[Read]:
    """Return the uses of an account's codes, and of those accounts' that have become part of it; the newest first."""
    parts = await parts_of(session, account_id)
    query = select(CodeUse, CodeVerifier).where(
        col(CodeUse.account_id).in_(parts), CodeUse.verifier_id == CodeVerifier.id
    )
    return (await session.exec(query.order_by(col(CodeUse.used_at).desc()).limit(first))).all()
