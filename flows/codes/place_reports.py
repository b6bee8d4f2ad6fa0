"""What residents have told of stickers, counted by place, for those who look after them."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.database import driver

# What claims to be a sticker of ours counts for its place, anything else by what was scanned.
_REPORTED = """
    SELECT count(*) AS times, max(r.at) AS last_at, (array_agg(r.scanned ORDER BY r.at DESC))[1] AS scanned,
        s.short_code, s.name_zh, s.street_zh
    FROM place_report r LEFT JOIN static_code s ON s.object_id = r.object_id
    WHERE r.at >= $1 GROUP BY s.object_id, CASE WHEN s.object_id IS NULL THEN r.scanned END
    ORDER BY times DESC, last_at DESC
"""


class Reported(Struct, frozen=True):
    """How often a place's sticker was reported; ``scanned`` is what was read the last time. Nobody's: no short code."""

    times: int
    last_at: datetime
    scanned: str
    short_code: str | None
    name_zh: str | None
    street_zh: str | None


async def reports(session: AsyncSession, since: datetime) -> Sequence[Reported]:
    """Return what was told since then, what was told most often first."""
    return [Reported(**row) for row in await (await driver(session)).fetch(_REPORTED, since)]
