"""The periodic tasks that end sessions whose time is over, record them in the audit log, and in the end delete them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from auth.sessions import overdue, recording
from kernel.celery import TaskContext, periodic

END_EVERY = timedelta(minutes=1)  # as coarse as a session's use is noted
FORGET_EVERY = timedelta(hours=1)
RECORD_EVERY = timedelta(seconds=5)


@periodic("auth.end_due_sessions", END_EVERY)
async def end_every_minute(context: TaskContext) -> None:
    """End the sessions whose time is over."""
    await end_due_sessions(context)


async def end_due_sessions(context: TaskContext) -> None:
    """End the sessions that were not used for too long, or are too old."""
    await in_batches(context, lambda session: overdue.end_due(session, context.clock))


@periodic("auth.forget_sessions", FORGET_EVERY)
async def forget_every_hour(context: TaskContext) -> None:
    """Delete old rows."""
    await forget_sessions(context)


async def forget_sessions(context: TaskContext) -> None:
    """Delete the sessions that ended longer ago than they are kept."""
    before = context.clock.now() - timedelta(days=context.settings.session_retention_days)
    await in_batches(context, lambda session: overdue.forget(session, before))


@periodic("auth.record_sessions", RECORD_EVERY)
async def record_every_few_seconds(context: TaskContext) -> None:
    """Write to the audit log who signed in and out."""
    await record_sessions(context)


async def record_sessions(context: TaskContext) -> None:
    """Write to the audit log what it does not have yet of sessions."""
    await in_batches(context, lambda session: recording.record(session, context.clock))


async def in_batches(context: TaskContext, work: Callable[[AsyncSession], Awaitable[int]]) -> None:
    """Do ``work`` until it finds nothing more, each time in a transaction of its own."""
    done = 1
    while done:
        async with context.database.session() as session:
            done = await work(session)
