"""The word on Redis that the catalogue has changed. It may get lost: gateways also look by themselves."""

import logging

from redis.asyncio import Redis
from redis.exceptions import RedisError

from kernel.redis import key

CHANNEL = key("services", "changed")

_log = logging.getLogger(__name__)


async def announce(redis: Redis, revision: int) -> None:
    """Wake every gateway process. Call it after the change is committed."""
    try:
        await redis.publish(CHANNEL, str(revision))
    except (RedisError, OSError):
        _log.warning("revision %d could not be announced; gateways find it by themselves", revision, exc_info=True)
