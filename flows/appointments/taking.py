"""Places of slots, taken and given back in SQL: what the database's constraint allows, and nothing else, is true."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
from msgspec import Struct

from flows.appointments.tables import CHANNELS, Channel

ROLL_OVER = timedelta(hours=24)
"""So long before a slot each channel's places are its own; then whoever comes may have what is left."""

# Rows are locked in the order of their times, as ``filling`` does, so that nobody waits in a circle.
_LOCKED = "(SELECT id FROM appointment_slot WHERE id = ANY($1::bigint[]) ORDER BY starts_at FOR UPDATE) locked"
_TAKE = f"""
    UPDATE appointment_slot s SET taken = s.taken + 1, used[$2] = s.used[$2] + 1 FROM {_LOCKED}
    WHERE s.id = locked.id AND s.status = 'open' AND s.taken < s.capacity
        AND (s.starts_at <= $3 OR s.used[$2] < s.quota[$2]) AND (s.version IS NOT NULL) = $4
    RETURNING s.id, s.capacity - s.taken AS free, s.quota, s.used
"""  # noqa: S608 - a text of ours
# Places that the office has meanwhile taken away, and left to whoever had booked them, go with them.
_GIVE_BACK = f"""
    UPDATE appointment_slot s SET taken = s.taken - 1, used[$2] = s.used[$2] - 1,
        capacity = greatest(s.taken - 1, least(s.capacity, (SELECT sum(n) FROM unnest(s.quota) n)))
    FROM {_LOCKED}
    WHERE s.id = locked.id RETURNING s.id, s.capacity - s.taken AS free, s.quota, s.used
"""  # noqa: S608 - a text of ours
_LEFT = """
    SELECT id, CASE WHEN status = 'open' THEN capacity - taken ELSE 0 END AS free, quota, used
    FROM appointment_slot WHERE id = ANY($1::bigint[])
"""


class Left(Struct, frozen=True):
    """What is left of a slot: in all, and of each channel's own places."""

    slot_id: int
    free: int
    own: tuple[int, ...]

    def places(self, channel: Channel | None) -> int:
        """Return how many a channel may have of its own; None: of those that are everybody's."""
        return self.free if channel is None else min(self.own[CHANNELS.index(channel)], self.free)


def for_channel(roll_over: str, channel: str) -> str:
    """Return SQL that says how many places of a slot ``s`` a channel may have now.

    ``roll_over`` and ``channel`` are its parameters: until when slots are everybody's, and the channel's number from 1.
    """
    return f"""CASE WHEN s.status <> 'open' THEN 0 WHEN s.starts_at <= {roll_over} THEN s.capacity - s.taken
        ELSE greatest(0, least(s.capacity - s.taken, s.quota[{channel}] - s.used[{channel}])) END"""


def _index(channel: Channel) -> int:
    return CHANNELS.index(channel) + 1  # SQL's arrays begin at 1


async def take(
    connection: "asyncpg.Connection[asyncpg.Record]",
    slot_ids: Sequence[int],
    channel: Channel,
    now: datetime,
    *,
    is_elsewhere: bool = False,
) -> list[Left] | None:
    """Take a place of each slot and return what is left; None if one of them has none, and the caller rolls back.

    ``is_elsewhere``: they are of a department's own system, where the caller books, too.
    """
    rows = await connection.fetch(_TAKE, list(slot_ids), _index(channel), now + ROLL_OVER, is_elsewhere)
    return [_left(row) for row in rows] if len(rows) == len(slot_ids) else None


async def give_back(
    connection: "asyncpg.Connection[asyncpg.Record]", slot_ids: Sequence[int], channel: Channel
) -> list[Left]:
    """Give a place of each slot back."""
    return [_left(row) for row in await connection.fetch(_GIVE_BACK, list(slot_ids), _index(channel))]


async def left_of(connection: "asyncpg.Connection[asyncpg.Record]", slot_ids: Sequence[int]) -> list[Left]:
    """Return what is left of slots."""
    return [_left(row) for row in await connection.fetch(_LEFT, list(slot_ids))]


def _left(row: asyncpg.Record) -> Left:
    own = tuple(of - used for of, used in zip(row["quota"], row["used"], strict=True))
    return Left(row["id"], row["free"], own)
