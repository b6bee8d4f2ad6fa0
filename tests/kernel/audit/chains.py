"""A chain in a real database, and what somebody who has all rights there may do to it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from kernel.audit.anchors import Anchor, PublicKeys
from kernel.audit.chain import GENESIS, Link, digest, text_of
from kernel.audit.reading import ENTRIES, link_of
from kernel.audit.verify import Report, verify
from kernel.database import Database

START = datetime(2026, 11, 25, 12, tzinfo=UTC)
TABLES = ("audit_entry", "audit_anchor", "audit_head")
Connection = Any  # asyncpg's, pooled or not


async def fill(database: Database, number: int) -> None:
    """Begin anew with ``number`` entries, as `append` would have written them."""
    async with meddling(database) as connection:
        await connection.execute("TRUNCATE audit_entry, audit_anchor")
        link, rows = None, []
        for seq in range(1, number + 1):
            link = hashed(fresh(seq, link.hash if link else GENESIS))
            rows.append(row_of(link))
        await connection.copy_records_to_table("audit_entry", records=rows)
        await connection.execute("UPDATE audit_head SET seq = $1, hash = $2", number, link.hash if link else GENESIS)


def fresh(seq: int, previous: bytes) -> Link:
    return Link(
        seq=seq,
        at=text_of(START + timedelta(seconds=seq)),
        actor=f"credential:{seq % 7}",
        acr="",
        on_behalf_of="",
        action="service.published",
        object=f"service:s{seq % 5}",
        purpose="",
        result="done",
        request_id=f"r{seq}",
        details={"version": seq, "forced": seq % 2 == 0},
        previous_hash=previous,
    )


def hashed(link: Link) -> Link:
    return msgspec.structs.replace(link, hash=digest(link))


def row_of(link: Link) -> tuple[Any, ...]:
    at = datetime.fromisoformat(link.at)
    return tuple(
        (msgspec.structs.asdict(link) | {"at": at, "details": msgspec.json.encode(link.details).decode()}).values()
    )


@asynccontextmanager
async def meddling(database: Database) -> AsyncIterator[Connection]:
    """A superuser's transaction, without the triggers."""
    async with database.pool.acquire() as connection, connection.transaction():
        for table in TABLES:
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        yield connection
        for table in TABLES:
            await connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_refuse")


async def read(connection: Connection, seq: int) -> Link:
    return link_of(await connection.fetchrow(f"{ENTRIES} WHERE seq = $1", seq))


async def rehash(connection: Connection, seq: int) -> None:
    """Give an entry the hash of what it holds now."""
    link = await read(connection, seq)
    await connection.execute("UPDATE audit_entry SET hash = $1 WHERE seq = $2", digest(link), seq)


async def rewrite_from(connection: Connection, seq: int) -> None:
    """Chain an entry and all after it anew, and the head with them: what is there now verifies by itself."""
    previous = await connection.fetchval("SELECT hash FROM audit_entry WHERE seq < $1 ORDER BY seq DESC LIMIT 1", seq)
    for number in await connection.fetch("SELECT seq FROM audit_entry WHERE seq >= $1 ORDER BY seq", seq):
        await connection.execute(
            "UPDATE audit_entry SET previous_hash = $1 WHERE seq = $2", previous or GENESIS, number[0]
        )
        await rehash(connection, number[0])
        previous = (await read(connection, number[0])).hash
    last = await connection.fetchrow("SELECT seq, hash FROM audit_entry ORDER BY seq DESC LIMIT 1")
    await connection.execute("UPDATE audit_head SET seq = $1, hash = $2", *(last or (0, GENESIS)))


async def renumber(connection: Connection, seq: int, by: int) -> None:
    """Move an entry and all after it by one place, past the primary key's checks."""
    await connection.execute("UPDATE audit_entry SET seq = -(seq + $2) WHERE seq >= $1", seq, by)
    await connection.execute("UPDATE audit_entry SET seq = -seq WHERE seq < 0")


async def exchange(connection: Connection, one: int, other: int) -> None:
    await connection.execute("UPDATE audit_entry SET seq = -seq WHERE seq IN ($1, $2)", one, other)
    await connection.execute(
        "UPDATE audit_entry SET seq = CASE seq WHEN -$1::bigint THEN $2 ELSE $1 END WHERE seq < 0", one, other
    )


async def insert(connection: Connection, link: Link) -> None:
    await connection.copy_records_to_table("audit_entry", records=[row_of(link)])


async def anchor_now(database: Database, seq: int) -> Anchor:
    """The anchor of an entry as it is now, in nobody's table."""
    link = await read(database.pool, seq)
    return Anchor(seq, link.hash.hex(), text_of(START))


async def verified(
    database: Database, anchors: Sequence[Anchor] = (), keys: PublicKeys | None = None, first: int = 1
) -> Report:
    async with database.pool.acquire() as connection:
        return await verify(connection, {"anchors.jsonl": anchors} if anchors else {}, keys or {}, first=first)


async def found(database: Database, anchors: Sequence[Anchor] = (), first: int = 1) -> list[tuple[str, int, int]]:
    report = await verified(database, anchors, first=first)
    return [(each.kind, each.seq, each.last) for each in report.findings]
