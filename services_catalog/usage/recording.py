"""Writes what one gateway process counted: a batch in one transaction, and what is older than 30 days goes again."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
from msgspec import Struct
from sqlalchemy import delete, exists
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import CHINA
from services_catalog.usage.tables import Document, DocumentRegistered, DocumentSent

DAYS = 30
"""How long what was sent is remembered, and so how long a client counts as one."""

_SECONDS = 5.0
_UNREFERENCED_AFTER = timedelta(days=1)  # a text is stored before the first row that refers to it

_BEGIN = "INSERT INTO usage_recording (id, since) VALUES (1, $1) ON CONFLICT (id) DO "
_BEGIN_ONCE, _BEGIN_ANEW = _BEGIN + "NOTHING", _BEGIN + "UPDATE SET since = $1"
_TEXTS = """
    INSERT INTO document (sha256, text, services, created_at)
    SELECT sha256, text, string_to_array(services, ','), $4
    FROM unnest($1::text[], $2::text[], $3::text[]) AS new (sha256, text, services) ORDER BY sha256
    ON CONFLICT (sha256) DO NOTHING
"""
_COUNTS = """
    INSERT INTO document_sent AS kept (sha256, operation, client, day, count)
    SELECT sha256, operation, client, $5, count
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS new (sha256, operation, client, count)
    ORDER BY sha256, operation, client
    ON CONFLICT (sha256, operation, client, day) DO UPDATE SET count = kept.count + excluded.count
"""


class Text(Struct, frozen=True):
    """A document to be kept."""

    sha256: str
    text: str
    services: tuple[str, ...]


Counts = dict[tuple[str, str, str], int]
"""Digest, operation and client → how often."""


async def store(
    pool: "asyncpg.Pool[asyncpg.Record]", now: datetime, texts: Sequence[Text], counts: Counts, *, lost: bool
) -> None:
    """Add a batch to the day's counts; ``lost``: something before it was not recorded.

    Rows are written in one order, so that processes wait for one another and never in a circle.
    """
    async with pool.acquire(timeout=_SECONDS) as connection, connection.transaction():
        await connection.execute(_BEGIN_ANEW if lost else _BEGIN_ONCE, now, timeout=_SECONDS)
        if texts:
            columns = [each.sha256 for each in texts], [each.text for each in texts]
            services = [",".join(each.services) for each in texts]
            await connection.execute(_TEXTS, *columns, services, now, timeout=_SECONDS)
        if counts:
            keys: list[Any] = [list(column) for column in zip(*counts, strict=True)]
            await connection.execute(_COUNTS, *keys, list(counts.values()), day_of(now), timeout=_SECONDS)


def day_of(moment: datetime) -> date:
    """Return the day as people here mean it."""
    return moment.astimezone(CHINA).date()


async def forget(session: AsyncSession, now: datetime) -> None:
    """Delete what was sent more than 30 days ago, and the documents that nothing refers to any more."""
    await session.exec(delete(DocumentSent).where(col(DocumentSent.day) < day_of(now) - timedelta(days=DAYS)))
    key = col(Document.sha256)
    await session.exec(
        delete(Document).where(
            col(Document.created_at) < now - _UNREFERENCED_AFTER,
            ~exists().where(col(DocumentSent.sha256) == key),
            ~exists().where(col(DocumentRegistered.sha256) == key),
        )
    )
