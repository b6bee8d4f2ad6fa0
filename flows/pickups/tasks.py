"""The tasks of pick-ups: residents are told, and what nobody needs any more goes."""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.apps import OpenApps
from flows.notices.messages import NoticeNamed
from flows.notices.telling import gives_up
from flows.pickups.holdings import forget
from flows.pickups.messages import NOTICE
from flows.pickups.notice_tables import PickupNotice
from flows.pickups.notices import tell
from kernel.celery import TaskContext, consumer, periodic
from kernel.crypto.keys import open_keys


@consumer(NOTICE, NoticeNamed, given_up=gives_up(PickupNotice))
async def notice(session: AsyncSession, context: TaskContext, named: NoticeNamed) -> None:
    """Tell somebody a notice."""
    cipher = open_keys(context.settings).cipher
    await tell(session, context.clock, cipher, context.opened(OpenApps), named.notice_id)


@periodic("pickups.forget", timedelta(hours=1))
async def forget_every_hour(context: TaskContext) -> None:
    """Delete pick-ups that were over a quarter ago."""
    async with context.database.session() as session:
        await forget(session, context.clock)
