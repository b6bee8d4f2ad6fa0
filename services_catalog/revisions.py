"""Taking the catalogue's next revision. services_catalog.tables.CatalogRevision says why that is a row."""

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services_catalog.tables import CatalogRevision


async def next_revision(session: AsyncSession, *, tree: bool = False) -> int:
    """Return the number of what this transaction changes; ``tree``: organisations stand elsewhere from it on.

    Takes the catalogue's lock, so it is nearly the last that a transaction does.
    """
    following = CatalogRevision.revision + 1
    values = {"revision": following} | ({"tree": following} if tree else {})
    taken = await session.scalar(update(CatalogRevision).values(values).returning(col(CatalogRevision.revision)))
    return int(taken or 0)


async def in_turn(session: AsyncSession) -> None:
    """Take the catalogue's lock alone: what this transaction still does comes before all that others do in turn."""
    await session.exec(select(CatalogRevision.revision).with_for_update())
