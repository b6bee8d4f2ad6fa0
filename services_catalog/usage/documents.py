"""Reads what front ends ask of one service, and since when that is known."""

from datetime import datetime, timedelta

import asyncpg
from msgspec import Struct

from services_catalog.usage.recording import DAYS, day_of
from supergraph.broken import Use

_MOST = 10_000  # documents of one service that are looked at: 2 ms each; those sent last come first
_SECONDS = 30.0

_SENT = """
    SELECT sha256, client, operation, sum(count)::bigint AS count, max(day) AS last_sent
    FROM document_sent JOIN document USING (sha256)
    WHERE services @> ARRAY[$1::varchar] AND day >= $2
    GROUP BY sha256, client, operation ORDER BY last_sent DESC, sha256
"""
_REGISTERED = """
    SELECT sha256, client FROM document_registered JOIN document USING (sha256)
    WHERE services @> ARRAY[$1::varchar] ORDER BY sha256, client
"""
_TEXTS = "SELECT sha256, text FROM document WHERE sha256 = ANY($1::varchar[])"
_SINCE = """
    SELECT since, (SELECT min(created_at) FROM service_version WHERE service = $1) AS published FROM usage_recording
"""


class Asked(Struct, frozen=True):
    """What is asked of a service: texts by their digest, and who uses them. ``whole`` if none had to be left out."""

    documents: dict[str, str]
    uses: tuple[Use, ...]
    whole: bool


async def asked_of(pool: "asyncpg.Pool[asyncpg.Record]", service: str, now: datetime) -> Asked:
    """Return what was sent within 30 days, or is registered, and touches a service."""
    first = day_of(now) - timedelta(days=DAYS)
    sent = await pool.fetch(_SENT, service, first, timeout=_SECONDS)
    marks = [(row["sha256"], row["client"]) for row in await pool.fetch(_REGISTERED, service, timeout=_SECONDS)]
    ordered = list(dict.fromkeys([*(sha256 for sha256, _ in marks), *(row["sha256"] for row in sent)]))
    texts = await pool.fetch(_TEXTS, ordered[:_MOST], timeout=_SECONDS)
    registered = set(marks)
    uses = [Use(**row, registered=(row["sha256"], row["client"]) in registered) for row in sent]
    uses += [Use(sha256, client, None, registered=True) for sha256, client in marks]
    return Asked(dict(texts), tuple(uses), len(ordered) <= _MOST)


async def is_covered(pool: "asyncpg.Pool[asyncpg.Record]", service: str, now: datetime) -> bool:
    """Whether all that was sent to a service is known: for 30 days, or since it was first published."""
    row = await pool.fetchrow(_SINCE, service, timeout=_SECONDS)
    if row is None:
        return False
    since, published = row
    return since <= now - timedelta(days=DAYS) or (published is not None and since <= published)
