"""Phones that sign codes themselves: which may, for whom, and whose accounts were closed meanwhile."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import account_of
from auth.accounts.merging import parts_of
from auth.accounts.tables import Account
from auth.errors import AccountClosedError, UnknownAccountError
from flows.codes.pass_codes import LIFE, SKEW
from flows.codes.tables import CodeDevice
from kernel.clock import Clock

LAST = LIFE + SKEW
"""How long after its last credential's end something that a phone has signed may be accepted."""


async def phones_of(session: AsyncSession, account_id: UUID, *, lock: bool = False) -> Sequence[CodeDevice]:
    """Return the phones that may sign for an account, the one that was bound last first.

    There are several only after accounts were merged. Whoever gives one a credential or revokes it locks it: a phone is
    listed as revoked until its last credential is over.
    """
    parts = await parts_of(session, account_id)
    query = select(CodeDevice).where(col(CodeDevice.account_id).in_(parts), col(CodeDevice.revoked_at).is_(None))
    query = query.order_by(col(CodeDevice.bound_at).desc())
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(query)).all()


async def phones_of_closed(session: AsyncSession, clock: Clock) -> Sequence[bytes]:
    """Return the keys of phones that gates still believe though their accounts are closed."""
    query = select(CodeDevice.public, CodeDevice.account_id).where(
        CodeDevice.account_id == Account.id,
        Account.status != "active",
        col(CodeDevice.revoked_at).is_(None),
        col(CodeDevice.trusted_until) > clock.now() - LAST,
    )
    found = (await session.exec(query)).all()
    return [public for public, account_id in found if not await _is_open(session, account_id)]


async def _is_open(session: AsyncSession, account_id: UUID) -> bool:
    try:
        await account_of(session, account_id)  # which another may have become part of
    except (AccountClosedError, UnknownAccountError):
        return False
    return True
