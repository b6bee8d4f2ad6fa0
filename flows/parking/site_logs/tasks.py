"""A log is compared when it is handed in, and every hour while something differs: events and payments come late."""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.site_logs.messages import COMPARE, LogNamed
from flows.parking.site_logs.reconciling import compare_log, open_logs
from kernel.celery import TaskContext, consumer, one_by_one, periodic


@consumer(COMPARE, LogNamed)
async def compare_handed_in(session: AsyncSession, context: TaskContext, named: LogNamed) -> None:
    """Compare one log."""
    await compare_log(session, context.clock, named.log_id)


@periodic("parking.compare_site_logs", timedelta(hours=1))
async def compare_open(context: TaskContext) -> None:
    """Compare those that differ again, each in a transaction of its own."""
    async with context.database.session() as session:
        logs = await open_logs(session, context.clock)
    await one_by_one(context, logs, lambda session, each: compare_log(session, context.clock, each))
