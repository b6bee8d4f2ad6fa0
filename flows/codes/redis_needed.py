"""What is done with codes while Redis is away: nothing. Nobody is let through unchecked."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import RedisError

from flows.codes.errors import CodesUnavailableError


@contextmanager
def needing_redis(what: str, fix: str = "Try again in a few seconds.") -> Iterator[None]:
    """Raise CodesUnavailableError, which says ``what`` cannot be, if Redis does not answer within the block."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise CodesUnavailableError(what, fix=fix) from error
