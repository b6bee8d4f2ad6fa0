"""Front-end teams register the documents of a release of their app, before anybody sends them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services_catalog.usage.recording import Text
from services_catalog.usage.tables import Document, DocumentRegistered, DocumentTeam


async def register(
    session: AsyncSession, now: datetime, client: str, texts: Sequence[Text], *, replace: bool = False
) -> None:
    """Note that a client's app has these documents; ``replace``: and no others that were registered before."""
    for each in sorted(texts, key=lambda text: text.sha256):
        row = Document(sha256=each.sha256, text=each.text, services=list(each.services), created_at=now)
        await session.exec(insert(Document).values(**row.model_dump()).on_conflict_do_nothing())
        mark = insert(DocumentRegistered).values(client=client, sha256=each.sha256, at=now)
        key = ["client", "sha256"]
        await session.exec(mark.on_conflict_do_update(index_elements=key, set_={"at": mark.excluded.at}))
    if replace:
        kept = [each.sha256 for each in texts]
        mine = col(DocumentRegistered.client) == client
        await session.exec(delete(DocumentRegistered).where(mine, col(DocumentRegistered.sha256).not_in(kept)))


async def entrust(session: AsyncSession, client: str, department: str) -> None:
    """Let a department's credential register the documents of one of the city's own apps."""
    row = insert(DocumentTeam).values(client=client, department=department)
    await session.exec(row.on_conflict_do_update(index_elements=["client"], set_={"department": department}))


async def team_of(session: AsyncSession, client: str) -> str | None:
    """Return the department that one of the city's own apps is entrusted to."""
    row = await session.get(DocumentTeam, client)
    return row.department if row else None
