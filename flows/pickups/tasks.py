"""The task of pick-ups: what nobody needs any more goes."""

from datetime import timedelta

from flows.pickups.holdings import forget
from kernel.celery import TaskContext, periodic


@periodic("pickups.forget", timedelta(hours=1))
async def forget_every_hour(context: TaskContext) -> None:
    """Delete pick-ups that were over a quarter ago."""
    async with context.database.session() as session:
        await forget(session, context.clock)
