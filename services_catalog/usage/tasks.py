"""The periodic task that forgets what was sent too long ago."""

from datetime import timedelta

from kernel.celery import TaskContext, periodic
from services_catalog.usage.recording import forget

FORGET_EVERY = timedelta(hours=6)


@periodic("usage.forget", FORGET_EVERY)
async def forget_every_few_hours(context: TaskContext) -> None:
    """Forget what front ends asked more than 30 days ago."""
    await forget_documents(context)


async def forget_documents(context: TaskContext) -> None:
    """Delete old counts, and the documents that nothing refers to any more."""
    async with context.database.session() as session:
        await forget(session, context.clock.now())
