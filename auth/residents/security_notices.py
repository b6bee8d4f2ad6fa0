"""What was taken from an account's ways in, when and why, and passkeys that were added: shown in every other channel.

Nothing is stored for it: identities, unlinked ones too, and undone merges are kept as rows.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import parts_of
from auth.accounts.tables import AccountMerge, Identity, app_of

PARTED, ADDED = "parted", "added"


class SecurityNotice(Struct, frozen=True, kw_only=True):
    """What happened, and to which way in, unless two accounts were parted."""

    at: datetime
    reason: str
    provider: str = ""
    app: str = ""


async def security_notices(session: AsyncSession, account_id: UUID) -> Sequence[SecurityNotice]:
    """Return an account's, the newest first; also those of accounts that became part of it."""
    parts = await parts_of(session, account_id)
    removed = select(Identity).where(col(Identity.account_id).in_(parts), col(Identity.revoked_at).is_not(None))
    parted = select(AccountMerge.undone_at).where(
        or_(col(AccountMerge.kept_id).in_(parts), col(AccountMerge.gone_id).in_(parts)),
        col(AccountMerge.undone_at).is_not(None),
    )
    found = [
        SecurityNotice(at=row.revoked_at, reason=row.revoke_reason, provider=row.provider, app=app_of(row))
        for row in (await session.exec(removed)).all()
        if row.revoked_at is not None
    ]
    passkeys = select(Identity.created_at).where(col(Identity.account_id).in_(parts), Identity.provider == "passkey")
    found += [SecurityNotice(at=at, reason=ADDED, provider="passkey") for at in (await session.exec(passkeys)).all()]
    found += [SecurityNotice(at=at, reason=PARTED) for at in (await session.exec(parted)).all() if at is not None]
    return sorted(found, key=lambda each: each.at, reverse=True)
