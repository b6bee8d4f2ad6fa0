"""Which sessions and token families have ended lately, in the memory of each gateway process.

An access token lives five minutes, so only what ended since then need be known: a set that a request looks into
without asking anybody. It is fresh within a second: the end of a session is announced on Redis after its commit, and
without Redis the rows are looked at every half second.
"""

import logging
from datetime import datetime, timedelta
from functools import partial

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.sessions.sessions import ENDED
from kernel.clock import Clock
from kernel.database import Database
from kernel.follower import Follower
from kernel.redis import key

CHANNEL = key("sessions", "ended")
_OVERLAP = timedelta(seconds=30)  # clocks that differ, transactions that take their time
_QUERY_SECONDS = 5.0

_ENDED = """
    SELECT sid AS id, ended_at AS at FROM session WHERE ended_at > $1
    UNION ALL SELECT id::text, revoked_at FROM token_family WHERE revoked_at > $1
"""

_log = logging.getLogger(__name__)


def attach_ended(database: Database, redis: Redis) -> None:
    """Announce what the sessions of ``database`` end, right after their commits."""
    database.after_commit.append(partial(_announce, redis))


class EndedSessions:
    """Whether a sid or family has ended, for tokens that live for ``life`` at most."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", redis: Redis, clock: Clock, life: timedelta) -> None:
        self._pool = pool
        self._clock = clock
        self._life = life
        self._known: dict[str, datetime] = {}
        self._looked_at: datetime | None = None
        self._follower = Follower(redis, CHANNEL, self.refresh, "ended sessions")

    def __contains__(self, sid_or_family: str) -> bool:
        return sid_or_family in self._known

    async def start(self) -> None:
        await self._follower.start()

    async def close(self) -> None:
        await self._follower.close()

    async def refresh(self) -> None:
        """Take over what ended since the last look; forget what no living token can name."""
        now = self._clock.now()
        since = (self._looked_at or now - self._life) - _OVERLAP
        async with self._pool.acquire(timeout=_QUERY_SECONDS) as connection:
            rows = await connection.fetch(_ENDED, since, timeout=_QUERY_SECONDS)
        kept = now - self._life - _OVERLAP
        found = self._known | {row["id"]: row["at"] for row in rows}
        self._known = {each: at for each, at in found.items() if at > kept}
        self._looked_at = now


async def _announce(redis: Redis, session: AsyncSession) -> None:
    if not session.info.pop(ENDED, None):
        return
    try:
        await redis.publish(CHANNEL, "")
    except (RedisError, OSError):
        _log.warning("ended sessions could not be announced; gateways find them by themselves", exc_info=True)
