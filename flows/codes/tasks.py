"""The periodic tasks of codes: keys rotate in time, patrols fall due, and what nobody needs any more goes."""

import logging
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlmodel import col

from flows.codes.keys import CODE_KEYS, rotate_due
from flows.codes.patrol_dues import dues, open_dues
from flows.codes.tables import CodeDevice, CodeRevocation, CodeUse
from kernel.audit.entries import Event, append
from kernel.celery import TaskContext, periodic
from kernel.crypto.keys import open_keys

USES_KEPT = timedelta(days=90)
"""How long residents see who asked: where somebody was is sensitive, and disputes come within a quarter (PIPL 19)."""

REVOCATIONS_KEPT = timedelta(days=8)  # beyond their end: as long as uses may be reported of (flows.codes.reporting)

_log = logging.getLogger(__name__)


@periodic("codes.rotate_keys", timedelta(hours=1))
async def rotate_keys_every_hour(context: TaskContext) -> None:
    """Make the next keys where they are due."""
    await rotate_keys(context)


async def rotate_keys(context: TaskContext) -> None:
    """Rotate, record it, and tell the gateways."""
    cipher = open_keys(context.settings).cipher
    async with context.database.session() as session:
        due = await rotate_due(session, cipher, context.clock)
        events = [Event(actor="platform:worker", action="code_keys.rotated", object=f"purpose:{each}") for each in due]
        if events:
            await append(session, context.clock, *events)
    if due:
        await CODE_KEYS.announce(context.redis)


@periodic("codes.patrols", timedelta(hours=1))
async def open_patrols_every_hour(context: TaskContext) -> None:
    """Make work items of the stickers that nobody has looked at in time."""
    await open_patrols(context)


async def open_patrols(context: TaskContext) -> None:
    """Open what is due, and say so in the log; ``yiwang place-code due`` lists it."""
    async with context.database.session() as session:
        opened = await open_dues(session, context.clock)
        waiting = len(await dues(session)) if opened else 0
    if opened:
        _log.warning("stickers wait for a patrol", extra={"new": opened, "open": waiting})


@periodic("codes.forget", timedelta(hours=1))
async def forget_every_hour(context: TaskContext) -> None:
    """Delete what is kept long enough."""
    await forget(context)


async def forget(context: TaskContext) -> None:
    """Delete old uses, phones that nobody uses, and revocations of what is over; lists are numbered by the newest."""
    now = context.clock.now()
    async with context.database.session() as session:
        await session.exec(delete(CodeUse).where(col(CodeUse.received_at) < now - USES_KEPT))
        await session.exec(delete(CodeDevice).where(col(CodeDevice.trusted_until) < now - USES_KEPT))
    async with context.database.session() as session:
        over = col(CodeRevocation.until) < now - REVOCATIONS_KEPT
        newest = select(func.max(CodeRevocation.version)).scalar_subquery()
        await session.exec(delete(CodeRevocation).where(over, col(CodeRevocation.version) < newest))
