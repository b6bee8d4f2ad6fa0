"""Signing in at the web with a mini-program: the page shows a code, and whoever is signed in on the phone confirms it.

It is how a host app signs a resident in on another screen, and works the same with every host. The phone says first
which site and browser it is about: a code that somebody else has talked a resident into reads as somebody else's.
"""

import hashlib

import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from auth.errors import OneTimeCodeRefusedError
from auth.typed_codes import SECONDS, new_code, normal
from kernel.redis import key


class Asking(Struct, frozen=True):
    """A browser that waits: which sign-in, for which client, and what the browser calls itself.

    ``since`` is when who confirms must have signed in at the earliest, in seconds since 1970, for the site wants it so.
    """

    transaction: str
    client_id: str
    browser: str
    since: float = 0.0


class AppApprovals:
    """Kept in Redis: losing one costs a resident another code."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def ask(self, asking: Asking) -> str:
        """Return a code for a browser to show, in two groups."""
        code = new_code(8)
        await self._redis.set(self._code(code), msgspec.json.encode(asking), ex=SECONDS)
        return code

    async def look(self, typed: str) -> Asking:
        """Return what a code is about, without using it up. Raises OneTimeCodeRefusedError."""
        found = await self._redis.get(self._code(typed))
        return self._read(found)

    async def confirm(self, typed: str, sid: str) -> Asking:
        """Use a code up: its browser is signed in by the session ``sid``. Raises OneTimeCodeRefusedError."""
        asking = self._read(await self._redis.getdel(self._code(typed)))
        await self._redis.set(key("sign_in_confirmed", asking.transaction), sid, ex=SECONDS)
        return asking

    async def confirmed(self, transaction: str) -> str:
        """Return the session that has confirmed a sign-in, once; empty if none has yet."""
        found = await self._redis.getdel(key("sign_in_confirmed", transaction))
        return found.decode() if isinstance(found, bytes) else ""

    @staticmethod
    def _read(found: bytes | str | None) -> Asking:
        if not isinstance(found, bytes):
            raise OneTimeCodeRefusedError(
                "The code is unknown, used, or older than five minutes", fix="Have the page show a new one."
            )
        return msgspec.json.decode(found, type=Asking)

    @staticmethod
    def _code(typed: str) -> str:
        return key("sign_in_code", hashlib.sha256(normal(typed).encode()).hexdigest())
