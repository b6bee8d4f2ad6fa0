"""What the provider of one process works with, and how long what it gives out is good for."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis

from auth.keys.key_ring import KeyRing
from auth.provider.codes import OnceStore
from kernel.clock import Clock
from kernel.crypto.keys import Keys
from kernel.networks import parse_networks
from kernel.outside import Outside
from kernel.settings import Settings

CODE_SECONDS = 60  # OWASP ASVS 10.4.3
PUSHED_SECONDS = 60
ID_TOKEN_SECONDS = 600

Answer = tuple[int, Any, list[tuple[str, str]]]
"""Status, body (a mapping or text) and headers."""


class Environment(Struct, frozen=True):
    """What the provider of one process works with."""

    redis: Redis
    clock: Clock
    settings: Settings
    issuer: str
    keys: Keys
    ring: Callable[[], KeyRing]

    @property
    def fetch(self) -> Callable[[str], Awaitable[bytes]]:
        """What reads the addresses that departments chose."""
        return Outside(parse_networks(self.settings.upstream_networks)).get

    @property
    def codes(self) -> OnceStore:
        return OnceStore(self.redis, self.keys.cipher, "code", CODE_SECONDS)

    @property
    def pushed(self) -> OnceStore:
        return OnceStore(self.redis, self.keys.cipher, "pushed", PUSHED_SECONDS)

    @property
    def access_life(self) -> timedelta:
        return timedelta(seconds=self.settings.access_token_seconds)
