"""Taking the catalogue's next revision. services_catalog.tables.CatalogRevision says why that is a row."""

from sqlalchemy import update
from sqlmodel import col
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
