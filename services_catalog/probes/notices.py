"""What staff are told of their entries, to be read by whoever may read their drafts."""

from collections.abc import Sequence
from typing import Literal

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from services_catalog.lifecycle.tables import Entry
from services_catalog.organisations.roles import where_may
from services_catalog.organisations.tables import Organisation
from services_catalog.probes.tables import Notice

NoticeKind = Literal["degraded", "recovered", "beyond_guide"]


def notify(session: AsyncSession, clock: Clock, entry: Entry, kind: NoticeKind, text: str) -> None:
    """Tell an entry's staff something, with the transaction that makes it true."""
    session.add(Notice(organisation=entry.organisation, entry=entry.code, kind=kind, text=text, at=clock.now()))


async def notices(session: AsyncSession, clock: Clock, actor: str, after: int, most: int) -> Sequence[Notice]:
    """Return the notices after one, the oldest first, of the organisations whose drafts somebody may read."""
    query = (
        select(Notice)
        .join(Organisation, col(Organisation.code) == col(Notice.organisation))
        .where(where_may(actor, "read_drafts", clock.now()), col(Notice.id) > after)
    )
    return (await session.exec(query.order_by(col(Notice.id)).limit(most))).all()
