"""That a code is used once: one command in Redis (SET with NX and GET), one round trip, whoever comes first.

The same verifier with the same request within five seconds is the same use: its network has lost the answer. Redis
remembers longer than any code lives; without it nothing counts as unused. If it forgets, as in a failover, the record
of uses still knows (``recording``).
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from flows.codes.offline import Use, is_retry
from flows.codes.redis_needed import needing_redis
from kernel.redis import key

REMEMBERED = timedelta(seconds=180)


async def first_use(redis: Redis, code_id: bytes, use: Use) -> Use | None:
    """Note a use; None if it counts, else the earlier use that it repeats. Raises CodesUnavailableError."""
    said = f"{use.verifier}|{int(use.at.timestamp() * 1000)}|{use.request_id}"
    name = key("pass_code", code_id.hex(), "used")
    with needing_redis("Whether the code was used before cannot be known at the moment"):
        found: Any = await redis.set(name, said, nx=True, get=True, ex=int(REMEMBERED.total_seconds()))
    if found is None:
        return None
    verifier, milliseconds, request_id = found.decode().split("|", 2)
    first = Use(verifier, request_id, datetime.fromtimestamp(int(milliseconds) / 1000, UTC))
    return None if is_retry(first, use.verifier, use.request_id, use.at) else first
