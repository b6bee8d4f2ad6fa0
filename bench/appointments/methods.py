"""The same rush in one process, by three methods: what overselling costs, and what the turnstile saves.

20 times with five places, in a table of their own: ``count`` counts bookings and then inserts one, ``update`` takes a
place by the conditional update alone, ``turnstile`` holds in Valkey before that.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from statistics import quantiles
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
from redis.asyncio import Redis

from bench.appointments.city import CLOCK
from flows.appointments.taking import Left
from flows.appointments.turnstile import Turnstile, Wanted

SLOTS, PLACES = 20, 5
_TABLES = """
    DROP TABLE IF EXISTS bench_booking, bench_slot;
    CREATE TABLE bench_slot (id int PRIMARY KEY, taken int NOT NULL DEFAULT 0, capacity int NOT NULL,
        CHECK (taken <= capacity));
    CREATE TABLE bench_booking (id bigserial PRIMARY KEY, slot int NOT NULL, person int NOT NULL);
    CREATE INDEX ON bench_booking (slot);
"""
_TAKE = "UPDATE bench_slot SET taken = taken + 1 WHERE id = $1 AND taken < capacity RETURNING capacity - taken"
_PUT = "INSERT INTO bench_booking (slot, person) VALUES ($1, $2)"

Method = Callable[["asyncpg.Pool[asyncpg.Record]", int, int], Awaitable[bool]]


async def count(pool: "asyncpg.Pool[asyncpg.Record]", slot: int, person: int) -> bool:
    """Look whether there is room, and then come in: two statements in one transaction."""
    async with pool.acquire() as connection, connection.transaction():
        if await connection.fetchval("SELECT count(*) FROM bench_booking WHERE slot = $1", slot) >= PLACES:
            return False
        await connection.execute(_PUT, slot, person)
    return True


async def update(pool: "asyncpg.Pool[asyncpg.Record]", slot: int, person: int) -> bool:
    """Take a place by the row's lock."""
    async with pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(_TAKE, slot) is None:
            return False
        await connection.execute(_PUT, slot, person)
    return True


def through(redis: Redis) -> Method:
    """Return the method that holds before it takes."""
    turnstile = Turnstile(redis)

    async def method(pool: "asyncpg.Pool[asyncpg.Record]", slot: int, person: int) -> bool:
        async def load(_: Any) -> list[Left]:
            free = await pool.fetchval("SELECT capacity - taken FROM bench_slot WHERE id = $1", slot)
            return [Left(slot, free, (free, 0, 0, 0))]

        now, wanted = CLOCK.now(), Wanted(UUID(int=slot), date(2027, 1, 1), (slot,), "public", shared=False)
        if await turnstile.hold(str(person), wanted, now, now + timedelta(minutes=5), load) != "held":
            return False
        async with pool.acquire() as connection, connection.transaction():
            free = await connection.fetchval(_TAKE, slot)
            if free is None:
                return False
            await connection.execute(_PUT, slot, person)
        await turnstile.settle(wanted, [Left(slot, free, (free, 0, 0, 0))], str(person))
        return True

    return method


async def measured(
    pool: "asyncpg.Pool[asyncpg.Record]", method: Method, people: int, at_once: int, seed: int
) -> dict[str, Any]:
    """Return how many were confirmed of 100 places, how many slots were oversold, the rate and the waits."""
    await pool.execute(_TABLES)
    await pool.execute("INSERT INTO bench_slot SELECT n, 0, $1 FROM generate_series(1, $2) n", PLACES, SLOTS)
    chance = random.Random(seed)  # noqa: S311 - the same wishes for each method
    turn, waits = asyncio.Semaphore(at_once), list[float]()
    wishes = [chance.randrange(1, SLOTS + 1) for _ in range(people)]

    async def come(person: int, slot: int) -> bool:
        async with turn:
            began = monotonic()
            booked = await method(pool, slot, person)
            waits.append((monotonic() - began) * 1000)
            return booked

    began = monotonic()
    ended = Counter(await asyncio.gather(*(come(*each) for each in enumerate(wishes))))
    seconds = monotonic() - began
    over = await pool.fetchval(
        "SELECT count(*) FROM (SELECT slot FROM bench_booking GROUP BY slot HAVING count(*) > $1) o", PLACES
    )
    cuts = quantiles(waits, n=100)
    return {
        "confirmed": ended[True],
        "oversold_slots": over,
        "per_second": round(people / seconds),
        "p50_ms": round(cuts[49], 1),
        "p99_ms": round(cuts[98], 1),
    }
