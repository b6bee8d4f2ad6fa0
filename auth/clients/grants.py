"""What residents let clients read, and how they take it back."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.tables import Client, ClientGrant
from auth.sessions.sessions import revoke_family
from auth.sessions.tables import Session, TokenFamily
from kernel.clock import Clock

ASKED = frozenset({"profile", "phone", "id_number", "offline_access"})
"""The scopes that a resident is asked about; ``openid`` says nothing but that they are signed in."""


async def agreed(session: AsyncSession, account_id: UUID, client_id: str) -> set[str]:
    """Return the scopes that stand."""
    return {scope for row in await grants_of(session, account_id) if row.client_id == client_id for scope in row.scopes}


async def grants_of(session: AsyncSession, account_id: UUID) -> Sequence[ClientGrant]:
    """Return what stands of an account, the oldest first."""
    query = select(ClientGrant).where(ClientGrant.account_id == account_id, col(ClientGrant.withdrawn_at).is_(None))
    return (await session.exec(query.order_by(col(ClientGrant.agreed_at)))).all()


def agree(session: AsyncSession, clock: Clock, account_id: UUID, client: Client, scopes: Iterable[str]) -> None:
    """Write down that a resident has agreed."""
    given = sorted(ASKED & set(scopes))
    session.add(ClientGrant(account_id=account_id, client_id=client.client_id, scopes=given, agreed_at=clock.now()))


async def withdraw(session: AsyncSession, clock: Clock, account_id: UUID, client_id: str) -> int:
    """Take everything back that a client may read, and make its tokens worthless; return how many grants ended."""
    rows = [row for row in await grants_of(session, account_id) if row.client_id == client_id]
    for row in rows:
        row.withdrawn_at = clock.now()
        session.add(row)
    query = select(TokenFamily).join(Session, col(Session.sid) == col(TokenFamily.sid))
    query = query.where(Session.account_id == account_id, TokenFamily.client_id == client_id)
    for family in (await session.exec(query.where(col(TokenFamily.revoked_at).is_(None)))).all():
        await revoke_family(session, clock, family, "consent withdrawn")
    return len(rows)
