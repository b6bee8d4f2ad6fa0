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

# KEYS: what is left, then the holds of each slot that count. ARGV: now, until, the hold, the one it is instead of; of
# each slot its field in what is left, what is left if that is known, and how many of KEYS are its own, the first for
# the hold.
_HOLD = """
local now, till, who, former = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4]
local k = 2
for i = 5, #ARGV, 3 do
  local mine = redis.call('ZSCORE', KEYS[k], who)
  if not mine or tonumber(mine) <= now then
    local left = ARGV[i + 1]
    if left == '' then left = redis.call('HGET', KEYS[1], ARGV[i]) end
    if not left then return -1 end
    for j = k, k + ARGV[i + 2] - 1 do
      redis.call('ZREMRANGEBYSCORE', KEYS[j], '-inf', now)
      left = left - redis.call('ZCARD', KEYS[j])
      if redis.call('ZSCORE', KEYS[j], former) then left = left + 1 end
    end
    if left < 1 then return 0 end
  end
  k = k + ARGV[i + 2]
end
k = 2
for i = 5, #ARGV, 3 do
  redis.call('ZADD', KEYS[k], till, who)
  if redis.call('PTTL', KEYS[k]) < till - now then redis.call('PEXPIRE', KEYS[k], till - now + 60000) end
  k = k + ARGV[i + 2]
end
return 1
"""
_LEFT = """
if ARGV[1] == 'if' and redis.call('EXISTS', KEYS[1]) == 0 then return end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
if ARGV[1] == 'always' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
"""
# ARGV: what the caller has read, what is to stand there, and for how long. Returns what stands there instead.
_NOTE = """
local stands = redis.call('GET', KEYS[1]) or ''
if stands ~= ARGV[1] then return stands end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
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
        self._note = redis.register_script(_NOTE)

    async def hold(
        self, hold_id: str, wanted: Wanted, now: datetime, until: datetime, load: Load, *, former: str = ""
    ) -> Answer:
        """Hold the slots until a moment; again with the same id it is the same hold, which lasts until then.

        ``load`` reads what SQL has left. ``former``: a hold that the caller gives back for this one.
        """
        try:
            answer = await self._try(hold_id, wanted, (now, until), former=former)
            if answer == "away":
                left = await load(wanted.slot_ids)
                if len(left) < len(wanted.slot_ids):
                    return "taken"  # there is no such slot any more
                await self._remember("always", wanted.tag, left)
                answer = await self._try(hold_id, wanted, (now, until), former=former)
        except (RedisError, OSError):
            _log.warning("holds are away; the database decides", exc_info=True)
            return "away"
        return answer

    async def claim(self, hold_id: str, wanted: Wanted, now: datetime, until: datetime, left: Sequence[Left]) -> Answer:
        """As ``hold``, where the caller's own transaction has so much ``left``: nobody else knows of that by this."""
        try:
            return await self._try(hold_id, wanted, (now, until), left)
        except (RedisError, OSError):
            _log.warning("holds are away; the database decides", exc_info=True)
            return "away"

    async def _try(
        self,
        hold_id: str,
        wanted: Wanted,
        span: tuple[datetime, datetime],
        left: Sequence[Left] = (),
        *,
        former: str = "",
    ) -> Answer:
        channel, known = None if wanted.shared else wanted.channel, {each.slot_id: each for each in left}
        counted = (wanted.channel, *(each for each in CHANNELS if wanted.shared and each != wanted.channel))
        keys = [key("appointments", wanted.tag, "left")]
        arguments: list[str | int] = [*map(_ms, span), hold_id, former]
        for slot in wanted.slot_ids:
            keys += [self._held(wanted, slot, each) for each in counted]
            arguments += [_field(slot, channel), known[slot].places(channel) if left else "", len(counted)]
        return _ANSWERS[await self._hold(keys, arguments)]

    async def lasts(self, hold_id: str, wanted: Wanted, now: datetime) -> bool:
        """Whether a hold has all of its slots still; false while Redis is away."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for slot in wanted.slot_ids:
                    pipe.zscore(self._held(wanted, slot, wanted.channel), hold_id)
                ends = await pipe.execute()
        except (RedisError, OSError):
            return False
        return all(each is not None and each > _ms(now) for each in ends)

    async def held(self, slots: Sequence[Wanted], now: datetime) -> list[int]:
        """Return how many hold each of some slots, which are wanted one by one, by its channel; 0 if Redis is away."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for each in slots:
                    pipe.zcount(self._held(each, each.slot_ids[0], each.channel), f"({_ms(now)}", "+inf")
                return [int(each) for each in await pipe.execute()]
        except (RedisError, OSError):
            _log.warning("nobody knows what is held: Redis is away", exc_info=True)
            return [0] * len(slots)

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
        """Return a holder's one hold as it was said to ``note``; empty if there is none."""
        try:
            said: Any = await self._redis.get(key("appointments", holder, "hold"))
        except (RedisError, OSError):
            return ""
        return said.decode() if said else ""

    async def note(self, holder: str, read: str, said: str, lasts: timedelta) -> str | None:
        """Note a holder's one hold where there stands what was ``read``; or else return what does, and note nothing."""
        arguments: list[str | int] = [read, said, int(lasts.total_seconds() * 1000)]
        try:
            stands: Any = await self._note([key("appointments", holder, "hold")], arguments)
        except (RedisError, OSError):
            return None
        return None if stands is None else stands.decode()

    async def _remember(self, when: Literal["always", "if"], tag: str, left: Sequence[Left]) -> None:
        fields: list[str | int] = []
        for each in left:
            for channel in (None, *CHANNELS):
                fields += [_field(each.slot_id, channel), each.places(channel)]
        await self._left([key("appointments", tag, "left")], [when, _REMEMBERED_MS, *fields])

    @staticmethod
    def _held(wanted: Wanted, slot: int, channel: Channel) -> str:
        return key("appointments", wanted.tag, "held", slot, channel)


def _field(slot: int, channel: Channel | None) -> str:
    return f"{slot}:{channel or 'all'}"


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
