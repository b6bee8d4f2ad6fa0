"""The periodic task that forgets the numbers and notices of long ago. The probes' own is ``worker.probing``."""

from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import col

from kernel.celery import TaskContext, periodic
from kernel.clock import CHINA
from services_catalog.guide.tables import GuideBreach, GuideDay
from services_catalog.lifecycle.tables import Notice
from services_catalog.probes.tables import ProbeDay

FORGET_EVERY = timedelta(hours=6)
KEPT = timedelta(days=400)  # last year's month can be compared with this year's


@periodic("catalogue.forget", FORGET_EVERY)
async def forget_every_few_hours(context: TaskContext) -> None:
    """Forget what is more than 400 days old."""
    await forget(context)


async def forget(context: TaskContext) -> None:
    """Delete the days and notices that are more than 400 days old."""
    since = context.clock.now() - KEPT
    async with context.database.session() as session:
        for table in (ProbeDay, GuideDay, GuideBreach):
            await session.exec(delete(table).where(col(table.day) < since.astimezone(CHINA).date()))
        await session.exec(delete(Notice).where(col(Notice.at) < since))
