"""The access token of an app at WeChat or Baidu, shared by all processes through Redis.

One process fetches for all, early enough that nobody waits for it in the rush, and no two environments can drive each
other into fetching over and over: a token is fetched when it grows old or when a host has refused that very token,
never faster than every few seconds, and never by force.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.single_flight import SingleFlight, uniform
from kernel.clock import Clock
from kernel.errors import YiwangError
from kernel.redis import key

_log = logging.getLogger(__name__)

_SPACE = "access-token"
_YOUNG = timedelta(seconds=5)  # a token refused at this age is not mended by asking for another
_AFTER_FAILURE = timedelta(seconds=1)
_AFTER_EARLY_FAILURE = timedelta(seconds=30)  # the old token still serves

_DROP = """
if redis.call('hget', KEYS[1], 'token') ~= ARGV[1] then return 0 end
if tonumber(redis.call('hget', KEYS[1], 'fetched_at')) > tonumber(ARGV[2]) then return 0 end
return redis.call('del', KEYS[1])
"""

Fetch = Callable[[], Awaitable[tuple[str, int]]]


class _Held(Struct, frozen=True):
    token: str
    fetched_at: float  # these are seconds since 1970
    refresh_at: float
    expires_at: float

    def __repr__(self) -> str:
        return f"_Held(until {self.expires_at})"  # the token is a secret


class AccessTokens:
    """The token of one app. ``name`` tells it from all others, such as ``wechat:wx0123456789abcdef``.

    ``fetch`` asks the host for (token, seconds it lives) without forcing a new one. It is asked again when between
    ``early_seconds`` are left, or half of a life too short for that: within its last 5 minutes WeChat gives the next
    token while both are valid. ``random`` is between 0 and 1.
    """

    def __init__(
        self,
        redis: Redis,
        clock: Clock,
        name: str,
        fetch: Fetch,
        *,
        early_seconds: tuple[float, float] = (300, 600),
        random: Callable[[], float] = uniform,
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._name = name
        self._ask = fetch
        self._early = early_seconds
        self._random = random
        self._key = key(_SPACE, name, "value")
        self._drop = redis.register_script(_DROP)
        self._flight = SingleFlight[_Held](redis, _SPACE, random)
        self._held: _Held | None = None
        self._failure: tuple[datetime, YiwangError] | None = None
        self._refreshing = False

    async def get(self) -> str:
        """Return a token that should be valid. Raises what ``fetch`` raises, if there is no other."""
        now = self._clock.now()
        held = self._held
        if held is not None and now.timestamp() < held.refresh_at:
            return held.token
        serves = held is not None and now.timestamp() < held.expires_at
        resting = self._failure if self._failure and now < self._failure[0] else None
        if held is not None and serves and (resting or self._refreshing):
            return held.token
        if resting:
            raise resting[1]
        self._refreshing = True
        try:
            fresh = await self._flight.run(self._name, self._read, self._fetch)
        except YiwangError as error:
            self._failure = (now + (_AFTER_EARLY_FAILURE if serves else _AFTER_FAILURE), error)
            if held is None or not serves:
                raise
            _log.warning("the access token of %s is not renewed yet", self._name, extra={"error": error.message})
            return held.token
        finally:
            self._refreshing = False
        self._held = fresh
        return fresh.token

    async def invalidate(self, token: str) -> None:
        """Forget ``token``, which the host has just refused; any other stays, and so does one of a few seconds."""
        oldest = (self._clock.now() - _YOUNG).timestamp()
        if self._held is not None and self._held.token == token:
            if self._held.fetched_at > oldest:
                return
            self._held = None
        try:
            await self._drop(keys=[self._key], args=[token, oldest])
        except (RedisError, OSError) as error:
            _log.warning("an access token is dropped here only", extra={"error": str(error)})

    async def _read(self) -> _Held | None:
        values = await self._redis.hmget(self._key, ["token", "fetched_at", "refresh_at", "expires_at"])
        present = [str(each, "ascii") if isinstance(each, bytes) else each for each in values if each is not None]
        if len(present) < len(values):
            return None
        held = _Held(present[0], *map(float, present[1:]))
        return held if self._clock.now().timestamp() < held.refresh_at else None

    async def _fetch(self) -> _Held:
        token, seconds = await self._ask()
        now = self._clock.now().timestamp()
        least, most = self._early
        early = least + (most - least) * self._random()
        held = _Held(token, now, now + max(seconds - early, seconds / 2), now + seconds)
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hset(
                    self._key,
                    mapping={
                        "token": token,
                        "fetched_at": held.fetched_at,
                        "refresh_at": held.refresh_at,
                        "expires_at": held.expires_at,
                    },
                )
                pipe.expire(self._key, max(seconds, 1))
                await pipe.execute()
        except (RedisError, OSError) as error:
            _log.warning("an access token is kept here only", extra={"error": str(error)})
        return held
