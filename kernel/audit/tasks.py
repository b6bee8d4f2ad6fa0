"""The periodic task that anchors the audit log."""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.audit.anchors import Anchor, keep, private_key, signed
from kernel.audit.chain import text_of
from kernel.audit.tables import AuditAnchor, AuditEntry, AuditHead
from kernel.celery import TaskContext, periodic

ANCHOR_EVERY = timedelta(minutes=1)  # what is cut off between two anchors leaves no trace

_log = logging.getLogger(__name__)


@periodic("audit.anchor", ANCHOR_EVERY)
async def anchor_every_minute(context: TaskContext) -> None:
    """Anchor the head."""
    await anchor_head(context)


async def anchor_head(context: TaskContext) -> None:
    """Anchor the head, if it has moved since the last anchor: in the table and, if one is set, in the file.

    The file comes before the commit: what it has more than the table is as true. Without the file there is no anchor,
    so the next run tries both again.
    """
    async with context.database.session() as session:
        latest = (await session.exec(select(AuditAnchor).order_by(col(AuditAnchor.seq).desc()).limit(1))).first()
        head = (await session.exec(select(AuditHead))).one()  # after the anchor, which it may only be ahead of
        if latest is not None:
            await _check(session, latest, head)
        if head.seq <= (latest.seq if latest else 0):
            return
        moment = context.clock.now()
        anchor = Anchor(head.seq, head.hash.hex(), text_of(moment))
        if context.settings.audit_key_file:
            anchor = signed(anchor, private_key(Path(context.settings.audit_key_file)))
        row = insert(AuditAnchor).values(
            seq=head.seq, hash=head.hash, at=moment, key_id=anchor.key_id, signature=anchor.signature
        )
        added = await session.scalar(row.on_conflict_do_nothing().returning(col(AuditAnchor.seq)))
        if added is not None and context.settings.audit_anchor_file:  # None: another worker was quicker
            await asyncio.to_thread(keep, Path(context.settings.audit_anchor_file), anchor)


async def _check(session: AsyncSession, latest: AuditAnchor, head: AuditHead) -> None:
    """Write an alarm to the log if the chain no longer fits its latest anchor."""
    found = await session.scalar(select(AuditEntry.hash).where(AuditEntry.seq == latest.seq))
    if found != latest.hash or head.seq < latest.seq:
        _log.error("the audit log does not fit its latest anchor: run `yiwang audit verify`", extra={"seq": latest.seq})
