"""Token families: what one sign-in of one client is worth, until it is revoked."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, any_, func, literal
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.sessions.tables import Session, TokenFamily
from kernel.clock import Clock

OFFLINE = "offline_access"
"""The scope by which a resident lets a client go on without them (OpenID Connect Core section 11)."""


def offline(scope: str) -> bool:
    """Whether a scope lets a family outlive its session's idleness and age."""
    return OFFLINE in scope.split()


def is_offline() -> ColumnElement[bool]:
    """Return ``offline`` as a condition on families."""
    return literal(OFFLINE) == any_(func.string_to_array(col(TokenFamily.scope), " "))


def begin_family(
    session: AsyncSession, clock: Clock, owner: Session, client_id: str, *, scope: str, life: timedelta
) -> TokenFamily:
    """Begin a family for a session at a client; it is revoked with the session.

    It grows no older than the session may become, unless the resident has agreed to ``offline_access``.
    """
    now = clock.now()
    row = TokenFamily(
        sid=owner.sid,
        client_id=client_id,
        scope=scope,
        auth_time=owner.auth_time,
        created_at=now,
        expires_at=now + life if offline(scope) else min(now + life, owner.expires_at),
    )
    session.add(row)
    return row


async def standing(session: AsyncSession, clock: Clock, family_id: UUID) -> TokenFamily | None:
    """Return a family that is neither revoked nor over."""
    row = await session.get(TokenFamily, family_id)
    return row if row is not None and row.revoked_at is None and clock.now() < row.expires_at else None
