"""What staff are told of their entries, to be read by whoever may read their drafts."""

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from services_catalog.lifecycle.tables import Entry, Notice
from services_catalog.organisations.roles import where_may
from services_catalog.organisations.tables import Organisation
from services_catalog.revisions import in_turn

NoticeKind = Literal["rejected", "returned", "degraded", "recovered", "beyond_guide"]
"""``returned``: what was scheduled could not come out, and is a draft again."""


class Wanted(Struct, frozen=True):
    """Which notices: those after one that somebody knows, 0 for all; ``newest``: in the order from the newest back."""

    after: int = 0
    newest: bool = False


async def notify(session: AsyncSession, clock: Clock, entry: Entry, kind: NoticeKind, text: str) -> None:
    """Tell an entry's staff something, with the transaction that makes it true: nearly the last that this does."""
    await in_turn(session)  # so that ids grow with commits
    session.add(Notice(organisation=entry.organisation, entry=entry.code, kind=kind, text=text, at=clock.now()))


async def notices(session: AsyncSession, clock: Clock, actor: str, wanted: Wanted, most: int) -> Sequence[Notice]:
    """Return the notices after one of the organisations whose drafts somebody may read."""
    query: Any = (
        select(Notice)
        .join(Entry, col(Entry.code) == col(Notice.entry))  # whose it is by now
        .join(Organisation, col(Organisation.code) == col(Entry.organisation))
        .where(where_may(actor, "read_drafts", clock.now()))
    )
    id_ = col(Notice.id)
    if wanted.newest:
        query = query.where(id_ < wanted.after) if wanted.after else query
        query = query.order_by(id_.desc())
    else:
        query = query.where(id_ > wanted.after).order_by(id_)
    found: Sequence[Notice] = (await session.exec(query.limit(most))).all()
    return found
