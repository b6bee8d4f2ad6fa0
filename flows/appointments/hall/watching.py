"""That a hall has changed: announced on Redis after the commit, followed by screens, counters and phones."""

from functools import partial

from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.database import Database
from kernel.redis import key
from kernel.watching import Watched, announce

HALLS = Watched(
    channel=key("halls", "changed"),
    look="SELECT office AS id, revision AS version FROM hall_revision WHERE office = ANY($1::text[])",
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
