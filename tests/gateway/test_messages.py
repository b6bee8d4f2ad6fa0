"""What a gateway's transaction sends is on its queue as soon as it is committed, not when the sweep comes."""

from typing import Any

import msgspec
from redis.asyncio import Redis

from kernel.clock import SystemClock
from kernel.outbox import KEY_PREFIX, send
from tests.gateway.conftest import City


async def test_a_message_of_the_gateway_travels_at_once(city: City, redis: Redis) -> None:
    async with city.gateway.database.session() as session:
        message = send(session, SystemClock(), "outbox.anything", msgspec.defstruct("Nothing", [])())
    queued: list[Any] = [msgspec.json.decode(each) for each in await redis.lrange(KEY_PREFIX + "system", 0, -1)]
    assert [each["headers"]["id"] for each in queued] == [str(message)]
