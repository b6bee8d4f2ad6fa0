"""The Redis (or Valkey) client and the one way keys are named.

Redis is a turnstile, a cache and a bus, never the truth: every caller must cope with an empty one. Keys of one thing
share a hash tag, so that they live in one slot of a cluster: ``key("hold", slot_id, "seats")`` is
``yiwang:hold:{<slot_id>}:seats``.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from kernel.settings import Settings

_CONNECTIONS = 100  # of a process; whoever comes in a burst waits for one, where the default pool would raise


@asynccontextmanager
async def open_redis(settings: Settings) -> AsyncIterator[Redis]:
    """A client with a pool and time limits, for the length of a process; it connects on first use.

    Commands are tried again once, at once, after a lost connection: longer waits belong to the caller, which knows
    its deadline.
    """
    seconds = settings.redis_timeout_seconds
    pool = BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=_CONNECTIONS,
        timeout=seconds,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=30,
    )
    async with Redis.from_pool(pool) as client:
        yield client


def key(space: str, tag: object, *rest: object) -> str:
    """The name of a key: ``space`` is the feature, ``tag`` the thing whose keys stay together."""
    return ":".join(["yiwang", space, f"{{{tag}}}", *map(str, rest)])


async def counted(redis: Redis, name: str, seconds: int) -> int:
    """Count one more under ``name`` and return how many there were in ``seconds`` since the first; both or neither."""
    async with redis.pipeline(transaction=True) as pipe:
        pipe.incr(name)
        pipe.expire(name, seconds, nx=True)
        count, _ = await pipe.execute()
    return int(count)
