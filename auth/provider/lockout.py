"""Guessing a client's secret: after ten wrong ones the client is locked for a while, and no other."""

from redis.asyncio import Redis

from kernel.redis import counted, key

MOST_FAILURES = 10
_SECONDS = 300


class Lockout:
    """Counts failures by client id."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def locked(self, client_id: str) -> bool:
        found = await self._redis.get(key("client_failures", client_id))
        return found is not None and int(found) >= MOST_FAILURES

    async def failed(self, client_id: str) -> None:
        await counted(self._redis, key("client_failures", client_id), _SECONDS)
