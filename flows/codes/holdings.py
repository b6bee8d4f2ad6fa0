"""What codes hold about a resident, to read and take along (PIPL article 45); see ``auth.residents.holdings``."""

from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import parts_of
from flows.codes.tables import CodeDevice
from flows.codes.uses import uses_of


async def codes_held(session: AsyncSession, account_id: UUID) -> dict[str, Any]:
    """Return it as JSON's own types, of accounts that became part of this one too."""
    parts = await parts_of(session, account_id)
    phones = (await session.exec(select(CodeDevice).where(col(CodeDevice.account_id).in_(parts)))).all()
    return {
        "phones": [
            {
                "key": each.public.hex(),
                "bound_at": each.bound_at.isoformat(),
                "trusted_until": each.trusted_until.isoformat(),
                "revoked_at": each.revoked_at.isoformat() if each.revoked_at else None,
            }
            for each in phones
        ],
        "uses": [
            {
                "at": use.used_at.isoformat(),
                "verifier": verifier.name_zh,
                "purpose": use.purpose,
                "told": use.claims,
                "result": use.result,
                "offline": use.offline,
            }
            for use, verifier in await uses_of(session, account_id)
        ],
    }
