"""That a hall has changed: announced on Redis after the commit, followed by screens, counters and phones."""

from functools import partial

from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.database import Database
from kernel.redis import key
from kernel.watching import Watched, announce

HALLS = Watched(
    channel=key("halls", "changed"),
    look="""
        SELECT office AS id, coalesce(revision, 0) AS version
        FROM unnest($1::text[]) AS office LEFT JOIN hall_revision USING (office)
    """,  # a hall that nobody has come to yet is at 0, as it is read
    what="halls",
)
_CHANGED = "halls have changed"  # in AsyncSession.info


def changes(session: AsyncSession) -> None:
    """Have it announced after this transaction's commit that halls have changed."""
    session.info[_CHANGED] = True


def attach_halls(database: Database, redis: Redis) -> None:
    """Announce what the transactions of ``database`` change, right after their commits."""
    database.after_commit.append(partial(_announce, redis))


async def _announce(redis: Redis, session: AsyncSession) -> None:
    if session.info.pop(_CHANGED, None):
        await announce(redis, HALLS.channel, HALLS.what)
