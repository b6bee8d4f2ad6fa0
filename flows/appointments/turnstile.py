"""The turnstile in front of the database: holds in Redis, so that most who come too late never reach SQL.

A hold is a member of the sorted sets of its slots, with the moment of its end as its score. A place is held while what
SQL has left of a slot is more than there are holds of it; that figure is remembered for two seconds, and after each
booking as it was then. Redis may forget all of it: then everybody may try, and SQL decides (``taking``).

Keys of a resource's day share a hash slot, so that a hold of several slots is one script.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from flows.appointments.tables import CHANNELS, Channel
from flows.appointments.taking import Left
from kernel.redis import key

_REMEMBERED_MS = 2000

Answer = Literal["held", "taken", "away"]
"""``away``: Redis is, or it forgets at once, and nothing is held."""
_ANSWERS: dict[int, Answer] = {1: "held", 0: "taken", -1: "away"}

# KEYS: what is left, then the holds of each slot that count. ARGV: now, until, the hold; of each slot its field in what
# is left and how many of KEYS are its own, the first for the hold.
_HOLD = """
local now, till, who = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local k = 2
for i = 4, #ARGV, 2 do
  local mine = redis.call('ZSCORE', KEYS[k], who)
  if not mine or tonumber(mine) <= now then
    local left = redis.call('HGET', KEYS[1], ARGV[i])
    if not left then return -1 end
    for j = k, k + ARGV[i + 1] - 1 do
      redis.call('ZREMRANGEBYSCORE', KEYS[j], '-inf', now)
      left = left - redis.call('ZCARD', KEYS[j])
    end
    if left < 1 then return 0 end
  end
  k = k + ARGV[i + 1]
end
k = 2
for i = 4, #ARGV, 2 do
  redis.call('ZADD', KEYS[k], till, who)
  if redis.call('PTTL', KEYS[k]) < till - now then redis.call('PEXPIRE', KEYS[k], till - now + 60000) end
  k = k + ARGV[i + 1]
end
return 1
"""
_LEFT = """
if ARGV[1] == 'if' and redis.call('EXISTS', KEYS[1]) == 0 then return end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
if ARGV[1] == 'always' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
"""

_log = logging.getLogger(__name__)


class Wanted(Struct, frozen=True):
    """Slots of one resource on one day, for a channel; ``shared``: every channel may have what is left of them."""

    resource_id: UUID
    day: date
    slot_ids: tuple[int, ...]
    channel: Channel
    shared: bool

    @property
    def tag(self) -> str:
        return f"{self.resource_id}/{self.day}"


Load = Callable[[Sequence[int]], Awaitable[list[Left]]]


class Turnstile:
    """The holds of all processes."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._hold = redis.register_script(_HOLD)
        self._left = redis.register_script(_LEFT)

    async def hold(self, hold_id: str, wanted: Wanted, now: datetime, until: datetime, load: Load) -> Answer:
        """Hold the slots until a moment; again with the same id it is the same hold, which lasts until then.

        ``load`` reads what SQL has left.
        """
        keys = [key("appointments", wanted.tag, "left")]
        arguments: list[str | int] = [_ms(now), _ms(until), hold_id]
        for slot in wanted.slot_ids:
            others = [each for each in CHANNELS if wanted.shared and each != wanted.channel]
            keys += [self._held(wanted, slot, each) for each in (wanted.channel, *others)]
            arguments += [_field(slot, None if wanted.shared else wanted.channel), 1 + len(others)]
        try:
            answer = await self._hold(keys, arguments)
            if answer == -1:
                left = await load(wanted.slot_ids)
                if len(left) < len(wanted.slot_ids):
                    return "taken"  # there is no such slot any more
                await self._remember("always", wanted.tag, left)
                answer = await self._hold(keys, arguments)
        except (RedisError, OSError):
            _log.warning("holds are away; the database decides", exc_info=True)
            return "away"
        return _ANSWERS[answer]

    async def release(self, hold_id: str, wanted: Wanted) -> None:
        """Give the places of a hold back."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for slot in wanted.slot_ids:
                    pipe.zrem(self._held(wanted, slot, wanted.channel), hold_id)
                await pipe.execute()
        except (RedisError, OSError):
            _log.warning("a hold ends by itself: Redis is away", exc_info=True)

    async def end_at(self, hold_id: str, wanted: Wanted, now: datetime, until: datetime) -> None:
        """Have a hold end at a moment, earlier than it would."""
        if until <= now:
            await self.release(hold_id, wanted)
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for slot in wanted.slot_ids:
                    pipe.zadd(self._held(wanted, slot, wanted.channel), {hold_id: _ms(until)}, xx=True)
                await pipe.execute()
        except (RedisError, OSError):
            _log.warning("a hold ends half a minute later: Redis is away", exc_info=True)

    async def settle(self, wanted: Wanted, left: Sequence[Left], hold_id: str = "") -> None:
        """Remember what SQL has left after a change, and that a hold is over."""
        try:
            await self._remember("if", wanted.tag, left)
        except (RedisError, OSError):
            _log.warning("what is left is known in two seconds: Redis is away", exc_info=True)
        if hold_id:
            await self.release(hold_id, wanted)

    async def of_holder(self, holder: str) -> str:
        """Return a holder's one hold as it was said to ``only``; empty if there is none."""
        try:
            said: Any = await self._redis.get(key("appointments", holder, "hold"))
        except (RedisError, OSError):
            return ""
        return said.decode() if said else ""

    async def only(self, holder: str, said: str, lasts: timedelta) -> str:
        """Note a holder's one hold and return the one before, as it was said; empty if there was none."""
        name = key("appointments", holder, "hold")
        try:
            before: Any = await self._redis.set(name, said, get=True, px=int(lasts.total_seconds() * 1000))
        except (RedisError, OSError):
            return ""
        return before.decode() if before else ""

    async def _remember(self, when: Literal["always", "if"], tag: str, left: Sequence[Left]) -> None:
        fields: list[str | int] = []
        for each in left:
            fields += [_field(each.slot_id, None), each.free]
            for channel, own in zip(CHANNELS, each.own, strict=True):
                fields += [_field(each.slot_id, channel), min(own, each.free)]
        await self._left([key("appointments", tag, "left")], [when, _REMEMBERED_MS, *fields])

    @staticmethod
    def _held(wanted: Wanted, slot: int, channel: Channel) -> str:
        return key("appointments", wanted.tag, "held", slot, channel)


def _field(slot: int, channel: Channel | None) -> str:
    return f"{slot}:{channel or 'all'}"


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
