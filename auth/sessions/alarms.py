"""What is written to the audit log when something that is good for once comes twice: somebody may have stolen it."""

from sqlmodel.ext.asyncio.session import AsyncSession

from auth.assurance import level_of
from auth.sessions.tables import Session
from kernel.audit.entries import Event, append
from kernel.clock import Clock


async def alarm(session: AsyncSession, clock: Clock, what: str, sid: str, revoked: str) -> None:
    """Record that a ``code``, ``refresh_token`` or ``ticket`` was shown again; ``revoked`` is what ended of it.

    The last thing of its transaction, as every append.
    """
    owner = await session.get(Session, sid)
    actor = f"account:{owner.account_id}" if owner else "account:unknown"
    level = level_of(owner.ial, owner.aal) if owner else ""
    event = Event(
        actor=actor,
        acr=level,
        action=f"{what}.reused",
        object=f"session:{sid}",
        result="refused",
        details={"revoked": revoked},
    )
    await append(session, clock, event)
