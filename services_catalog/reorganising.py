"""Changing the tree of organisations, with all that follows it: the only way in for gateway, worker and command line.

services_catalog.organisations knows no entries; services_catalog.lifecycle knows both. Each function returns the
catalogue's revision, to be announced after the commit, None if nothing was moved or renamed.
"""

from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from services_catalog.lifecycle.following import check_unused, follow, hand_over
from services_catalog.organisations import closing, loading, merging, moving
from services_catalog.organisations.history import Author
from services_catalog.organisations.loading import Loaded, Progress
from services_catalog.organisations.words import Line


async def load(
    session: AsyncSession, clock: Clock, author: Author, data: bytes, *, encoding: str = "utf-8", progress: Progress
) -> tuple[Loaded, int | None]:
    """Load a file of organisations. Raises FileRefusedError, and CloseRefusedError for what has entries in use."""
    loaded = await loading.load(session, clock, author, data, encoding=encoding, progress=progress)
    if loaded.closed:
        await check_unused(session, loaded.closed)
    return loaded, await follow(session, loaded.touched) if loaded.touched else None


async def move(
    session: AsyncSession, clock: Clock, author: Author, code: str, parent: str | None, *, line: Line = "administrative"
) -> int | None:
    """Move an organisation and all below it. Raises UnknownOrganisationError, MoveRefusedError."""
    moved = await moving.move(session, clock, author, code, parent, line=line)
    return await follow(session, moved) if moved else None


async def merge(session: AsyncSession, clock: Clock, author: Author, code: str, successor: str) -> int:
    """Merge an organisation into its successor, which has its entries too.

    Raises UnknownOrganisationError, MoveRefusedError.
    """
    moved = await merging.merge(session, clock, author, code, successor)
    await hand_over(session, code, successor)
    return await follow(session, {*moved, successor})


async def close(session: AsyncSession, clock: Clock, author: Author, code: str) -> None:
    """Close an organisation that nothing stands below and whose entries are all withdrawn, or mere drafts.

    Raises UnknownOrganisationError, CloseRefusedError.
    """
    await closing.close(session, clock, author, code)
    await check_unused(session, [code])
