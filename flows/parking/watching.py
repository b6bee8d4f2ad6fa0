"""That a session has changed: announced on Redis after the commit, followed by whoever shows it live."""

from functools import partial

from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.database import Database
from kernel.redis import key
from kernel.watching import Watched, announce

CHANNEL = key("parking", "changed")
_CHANGED = "parking sessions have changed"  # in AsyncSession.info
SESSIONS = Watched(
    channel=CHANNEL,
    look="SELECT id, updated_at AS version FROM parking_session WHERE id = ANY($1::uuid[])",
    what="parking sessions",
)


def changes(session: AsyncSession) -> None:
    """Have it announced after this transaction's commit that sessions may have changed."""
    session.info[_CHANGED] = True


def attach_parking(database: Database, redis: Redis) -> None:
    """Announce what the transactions of ``database`` change, right after their commits."""
    database.after_commit.append(partial(_announce, redis))


async def _announce(redis: Redis, session: AsyncSession) -> None:
    if session.info.pop(_CHANGED, None):
        await announce(redis, CHANNEL, SESSIONS.what)
