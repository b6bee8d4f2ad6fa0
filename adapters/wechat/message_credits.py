"""How many more subscription messages a user has allowed, as far as their taps told us.

WeChat keeps the true count and tells it to nobody; this one only spares messages that are sure to be refused. What is
not known (Redis forgot, or was not told) is tried, and a known zero is believed for a day.
"""

import logging
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.errors import MessageRefusedError
from kernel.redis import key

_log = logging.getLogger(__name__)

_KNOWN_SECONDS = 30 * 86_400
_ZERO_SECONDS = 86_400

_SPENT = """
local left = redis.call('get', KEYS[1])
if not left then return -1 end
left = math.max(tonumber(left) - 1, 0)
redis.call('set', KEYS[1], left, 'EX', left > 0 and ARGV[1] or ARGV[2])
return left
"""


class MessageCredits:
    """The counts of one mini-program's users."""

    def __init__(self, redis: Redis, app_id: str) -> None:
        self._redis = redis
        self._app_id = app_id
        self._spent = redis.register_script(_SPENT)

    async def allow(self, subject: str, template: str) -> None:
        """Count a tap: ``wx.requestSubscribeMessage`` answered ``accept`` for the template."""
        name = self._name(subject, template)
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.incr(name)
                pipe.expire(name, _KNOWN_SECONDS)
                await pipe.execute()
        except (RedisError, OSError) as error:
            _log.warning("a message that was allowed is not counted", extra={"error": str(error)})

    async def spend(self, subject: str, template: str, send: Callable[[], Awaitable[None]]) -> None:
        """Send, and count it. MessageRefusedError (``no_credit``) without sending if a zero is known."""
        name = self._name(subject, template)
        if await self._left(name) == 0:
            raise MessageRefusedError("The user has allowed no further message of this template", reason="no_credit")
        try:
            await send()
        except MessageRefusedError as refused:
            if refused.reason == "no_credit":
                await self._keep(lambda: self._redis.set(name, 0, ex=_ZERO_SECONDS))
            raise
        await self._keep(lambda: self._spent(keys=[name], args=[_KNOWN_SECONDS, _ZERO_SECONDS]))

    async def _left(self, name: str) -> int | None:
        try:
            left = await self._redis.get(name)
        except (RedisError, OSError) as error:
            _log.warning("the count of allowed messages is not known", extra={"error": str(error)})
            return None
        return None if left is None else int(left)

    async def _keep(self, write: Callable[[], Awaitable[object]]) -> None:
        try:
            await write()
        except (RedisError, OSError) as error:
            _log.warning("the count of allowed messages is not kept", extra={"error": str(error)})

    def _name(self, subject: str, template: str) -> str:
        return key("wechat-message", f"{self._app_id}:{subject}", template)
