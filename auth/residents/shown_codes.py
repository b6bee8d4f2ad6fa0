"""Codes that one side shows and the other types in, within five minutes, once: to link two accounts, to name an agent.

Ten characters of 32 are 50 bits. Whoever guesses needs the session of a resident, which has ten tries in five minutes.
"""

import hashlib
import secrets

import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from auth.errors import OneTimeCodeRefusedError
from auth.residents.attempts import Limit, attempt
from auth.typed_codes import SECONDS, new_code, normal
from kernel.redis import key

AGENTS = "agent"
"""The purpose of codes by which somebody is named as an agent."""

_LENGTH = 10
_TRIES = Limit("shown code", 10, SECONDS)


class Shown(Struct, frozen=True):
    """Who shows a code: a session. ``id`` names this one showing."""

    id: str
    sid: str


class ShownCodes:
    """Codes of one ``purpose``: those of another are unknown to it."""

    def __init__(self, redis: Redis, purpose: str) -> None:
        self._redis = redis
        self._purpose = purpose

    async def show(self, sid: str) -> str:
        """Return a new code of the session ``sid``, in two groups."""
        code = new_code(_LENGTH)
        shown = msgspec.json.encode(Shown(secrets.token_urlsafe(16), sid))
        await self._redis.set(self._name(code), shown, ex=SECONDS)
        return code

    async def take(self, typed: str, by: str) -> Shown:
        """Use up a code that was typed in session ``by``. Raises OneTimeCodeRefusedError, TooManyAttemptsError."""
        await attempt(self._redis, _TRIES, by)
        found = await self._redis.getdel(self._name(typed))
        shown = msgspec.json.decode(found, type=Shown) if isinstance(found, bytes) else None
        if shown is None or shown.sid == by:
            raise OneTimeCodeRefusedError(
                "The code is unknown, used, or older than five minutes", fix="Have the other side show a new one."
            )
        return shown

    def _name(self, typed: str) -> str:
        return key("shown_code", hashlib.sha256(f"{self._purpose}\0{normal(typed)}".encode()).hexdigest())
