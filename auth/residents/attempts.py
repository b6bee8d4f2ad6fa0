"""How often somebody may try what could be guessed."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from auth.errors import TooManyAttemptsError
from kernel.redis import counted, key

_log = logging.getLogger(__name__)


class Limit(Struct, frozen=True):
    """At most ``most`` tries of ``what`` in ``seconds``. The figures are this platform's choice."""

    what: str
    most: int
    seconds: int


async def attempt(redis: Redis, limit: Limit, who: object) -> None:
    """Count a try; ``who`` is an account, for signing in anew is another session. Raises TooManyAttemptsError."""
    if await counted(redis, key("attempts", who, limit.what), limit.seconds) > limit.most:
        raise TooManyAttemptsError("This was tried too often", fix="Try again later.")


@asynccontextmanager
async def guessing(redis: Redis, limit: Limit, who: object, wrong: type[Exception]) -> AsyncIterator[None]:
    """Count what raises ``wrong`` alone, for most tries are none; after too many of those nothing is tried any more.

    Raises TooManyAttemptsError.
    """
    name = key("attempts", who, limit.what)
    if int(await redis.get(name) or 0) >= limit.most:
        raise TooManyAttemptsError("This was tried too often", fix="Try again later.")
    try:
        yield
    except wrong:
        await counted(redis, name, limit.seconds)
        raise


async def attempt_if_counted(redis: Redis, limit: Limit, who: object) -> None:
    """As ``attempt``, of what is safe without: while Redis is away nobody is held back."""
    try:
        await attempt(redis, limit, who)
    except (RedisError, OSError):
        _log.warning("tries of %s are not counted: Redis is away", limit.what, exc_info=True)


@asynccontextmanager
async def guessing_if_counted(redis: Redis, limit: Limit, who: object, wrong: type[Exception]) -> AsyncIterator[None]:
    """As ``guessing``, of what nobody finds in any number of tries: while Redis is away nobody is held back."""
    name = key("attempts", who, limit.what)
    try:
        missed = int(await redis.get(name) or 0)
    except (RedisError, OSError):
        _log.warning("guesses of %s are not counted: Redis is away", limit.what, exc_info=True)
        missed = 0
    if missed >= limit.most:
        raise TooManyAttemptsError("This was tried too often", fix="Try again later.")
    try:
        yield
    except wrong:
        with suppress(RedisError, OSError):
            await counted(redis, name, limit.seconds)
        raise
