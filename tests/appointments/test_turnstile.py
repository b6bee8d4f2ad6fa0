"""The turnstile with what it remembers lost, late, or of slots that are no more."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from redis.asyncio import Redis

from flows.appointments.taking import Left
from flows.appointments.turnstile import Load, Turnstile, Wanted
from kernel.redis import key
from tests.appointments.hall import TEN

LATER = TEN + timedelta(minutes=5)
WANTED = Wanted(UUID(int=1), TEN.date(), (7,), "public", shared=True)
LEFT = key("appointments", WANTED.tag, "left")


async def one_left(slot_ids: Sequence[int]) -> list[Left]:
    return [Left(each, 1, (1, 0, 0, 0)) for each in slot_ids]


async def none_there(slot_ids: Sequence[int]) -> list[Left]:
    return []


def one_left_for(redis: Redis, milliseconds: int) -> Load:
    """What is left is forgotten so soon after it was read."""

    async def load(slot_ids: Sequence[int]) -> list[Left]:
        await redis.hset(LEFT, "1:all", "1")
        await redis.pexpire(LEFT, milliseconds)
        return await one_left(slot_ids)

    return load


async def test_who_holds_goes_on_holding_whatever_is_remembered(redis: Redis) -> None:
    turnstile = Turnstile(redis)
    assert await turnstile.hold("mine", WANTED, TEN, LATER, one_left) == "held"
    await redis.delete(LEFT)
    assert await turnstile.hold("mine", WANTED, TEN, LATER, none_there) == "held"
    assert await turnstile.hold("other", WANTED, TEN, LATER, one_left) == "taken"


async def test_what_is_read_is_remembered_from_then_on(redis: Redis) -> None:
    assert await Turnstile(redis).hold("mine", WANTED, TEN, LATER, one_left_for(redis, 1000)) == "held"
    assert await redis.pttl(LEFT) > 1000


async def test_of_slots_that_are_no_more_nothing_is_free(redis: Redis) -> None:
    assert await Turnstile(redis).hold("mine", WANTED, TEN, LATER, none_there) == "taken"


async def test_a_memory_that_keeps_nothing_is_away(redis: Redis) -> None:
    turnstile = Turnstile(redis)

    async def of_another(slot_ids: Sequence[int]) -> list[Left]:
        return await one_left([each + 1 for each in slot_ids])

    assert await turnstile.hold("mine", WANTED, TEN, LATER, of_another) == "away"
