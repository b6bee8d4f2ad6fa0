"""What issuing and checking codes works with, in one process."""

from collections.abc import Callable

from msgspec import Struct
from redis.asyncio import Redis

from flows.codes.keys import CodeKeys
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher


class Desk(Struct, frozen=True):
    """``keys`` returns the newest that were read."""

    redis: Redis
    clock: Clock
    cipher: FieldCipher
    keys: Callable[[], CodeKeys]
