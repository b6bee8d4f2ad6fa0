"""Who waits for places, by rank: read without their rows, for there may be tens of thousands and one is offered."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from flows.appointments.waitlist.places import Places
from flows.appointments.waitlist.wishes import Window

_DAY = timedelta(days=1)  # whatever the zones of offices are
_WAITING = """
    SELECT id, account_id, service, offices, people, windows::text FROM waitlist_entry
    WHERE state = 'waitlisted' AND service = ANY ($1::text[]) AND offices && $2::varchar[] AND until > $3
        AND jsonb_path_exists(windows, '$[*] ? (@.last >= $first && @.first <= $last)',
            jsonb_build_object('first', $4::text, 'last', $5::text))
    ORDER BY joined_at, id
"""
_windows = msgspec.json.Decoder(list[Window])


class Waiting(Struct, frozen=True):
    """What somebody waits for: an entry that stood so when it was read."""

    id: UUID
    account_id: UUID
    service: str
    offices: list[str]
    people: int
    windows: list[Window]


async def waiting_for(
    connection: "asyncpg.Connection[asyncpg.Record]", places: Places, now: datetime
) -> Iterator[Waiting]:
    """Return who waits for such places, on about these days."""
    first = min(begin for begin, _ in places.spans.values()) - _DAY
    last = max(end for _, end in places.spans.values()) + _DAY
    days = first.date().isoformat(), last.date().isoformat()
    rows = await connection.fetch(_WAITING, [*places.services], [*places.spans], now, *days)
    return (
        Waiting(
            UUID(int=row["id"].int),
            UUID(int=row["account_id"].int),
            row["service"],
            row["offices"],
            row["people"],
            _windows.decode(row["windows"]),
        )
        for row in rows
    )
