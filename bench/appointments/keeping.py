"""What keeping lines costs whoever takes a place: the same places taken with the trigger and without, in turns."""

import asyncio
from statistics import median
from time import monotonic
from typing import Any

import asyncpg

from bench.appointments.city import CLOCK
from flows.appointments.taking import give_back, take

_AT_ONCE, _SLOTS, _ROUNDS = 8, 400, 7
_FREE = "SELECT id FROM appointment_slot WHERE taken = 0 AND capacity = 1 ORDER BY starts_at DESC LIMIT $1"
_KEEP = "ALTER TABLE appointment_slot ENABLE TRIGGER appointment_line_follow"
_LEAVE = "ALTER TABLE appointment_slot DISABLE TRIGGER appointment_line_follow"


async def measured(pool: "asyncpg.Pool[asyncpg.Record]") -> dict[str, Any]:
    """Return the seconds for as many slots of one place each: every one of them fills up, which is the dearest."""
    slots = [row["id"] for row in await pool.fetch(_FREE, _SLOTS)]
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(2 * _ROUNDS):
        await switch(pool, keeps=(keeps := turn % 2 == 0))
        began = monotonic()
        await asyncio.gather(*(_take(pool, slots[number::_AT_ONCE]) for number in range(_AT_ONCE)))
        seconds[keeps].append(monotonic() - began)
        await switch(pool, keeps=True)
        async with pool.acquire() as connection:
            for slot in slots:
                await give_back(connection, [slot], "public")
    kept, bare = (median(seconds[keeps]) * 1000 / _SLOTS for keeps in (True, False))
    return {"kept_ms": round(kept, 3), "bare_ms": round(bare, 3), "ratio": round(kept / bare, 3)}


async def switch(
    connection: "asyncpg.Pool[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]", *, keeps: bool
) -> None:
    """Have lines kept, or not."""
    await connection.execute(_KEEP if keeps else _LEAVE)


async def _take(pool: "asyncpg.Pool[asyncpg.Record]", slots: list[int]) -> None:
    for slot in slots:
        async with pool.acquire() as connection, connection.transaction():
            await take(connection, [slot], "public", CLOCK.now())
