"""What a site was told of who a resident is, in the audit log: which claims, never what they say."""

from collections.abc import Iterable
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.audit.entries import Event, append
from kernel.clock import Clock

_PERSONAL = frozenset({"name", "phone_number", "id_number"})


async def record_read(
    session: AsyncSession, clock: Clock, client_id: str, account_id: UUID, claims: Iterable[str]
) -> None:
    """Record that a client is given claims of an account, if any of them is personal; last of all in a transaction."""
    told = sorted(_PERSONAL.intersection(claims))
    if told:
        event = Event(
            actor=f"client:{client_id}",
            action="personal_data.read",
            object=f"account:{account_id}",
            details=dict.fromkeys(told, True),
        )
        await append(session, clock, event)
