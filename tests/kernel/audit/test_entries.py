"""Entries are part of their transaction, numbered without gaps whatever runs at once, and cannot be taken back."""

import asyncio
import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asyncpg import InsufficientPrivilegeError
from sqlalchemy import text

from docs.generate import PACKAGES
from kernel.audit.entries import Event, append
from kernel.clock import ManualClock, SystemClock
from kernel.database import Database
from kernel.ids import uuid7
from kernel.logs import request_id

REPOSITORY = Path(__file__).parents[3]
CLOCK = SystemClock()
EVENT = Event(actor="credential:0a1b", action="service.published", object="service:parking")


async def append_one(database: Database, event: Event = EVENT) -> int:
    async with database.session() as session:
        return await append(session, CLOCK, event)


async def test_an_outsider_computes_the_same_hashes(database: Database) -> None:
    """With nothing but Python's standard library, as docs/audit.md shows."""
    clock = ManualClock(datetime(2026, 11, 25, 12, 30, 0, 1, UTC))
    told = Event(
        actor="credential:0a1b",
        action="service.published",
        object="service:parking",
        acr="loa-2",
        on_behalf_of="department:city",
        purpose="publishing",
        result="failed",
        details={"version": 2, "forced": True, "digest": "9f", "a": -(2**53) + 1},
    )
    token = request_id.set("request-1")
    async with database.session() as session:
        assert await append(session, clock, told) == 1
        assert await append(session, clock, EVENT) == 2
    request_id.reset(token)
    previous = "00" * 32
    for row in await database.pool.fetch("SELECT * FROM audit_entry ORDER BY seq"):
        assert row["previous_hash"].hex() == previous
        assert row["request_id"] == "request-1"
        array = ["yiwang-audit-1", row["seq"], "2026-11-25T12:30:00.000001Z"]
        names = ("actor", "acr", "on_behalf_of", "action", "object", "purpose", "result", "request_id")
        array += [row[name] for name in names] + [json.loads(row["details"]), previous]
        written = json.dumps(array, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = hashlib.sha256(written.encode()).hexdigest()
        assert row["hash"].hex() == previous
    assert await database.pool.fetchval("SELECT hash FROM audit_head WHERE seq = 2") == bytes.fromhex(previous)


async def test_fifty_at_once_make_one_chain_without_gaps(database: Database) -> None:
    seqs = await asyncio.gather(*(append_one(database) for _ in range(50)))
    assert sorted(seqs) == list(range(1, 51))
    rows = await database.pool.fetch("SELECT seq, previous_hash, hash FROM audit_entry ORDER BY seq")
    assert [row["seq"] for row in rows] == list(range(1, 51))
    assert [row["previous_hash"] for row in rows[1:]] == [row["hash"] for row in rows[:-1]]


async def test_what_is_rolled_back_leaves_no_gap(database: Database) -> None:
    await append_one(database)
    with pytest.raises(RuntimeError):
        async with database.session() as session:
            assert await append(session, CLOCK, EVENT) == 2
            assert await append(session, CLOCK, EVENT) == 3
            raise RuntimeError
    assert await append_one(database) == 2
    assert await database.pool.fetchval("SELECT count(*) FROM audit_entry") == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'operator:nobody'",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry WHERE seq = 7",
        "TRUNCATE audit_entry",
        "INSERT INTO audit_entry SELECT * FROM audit_entry ON CONFLICT (seq) DO UPDATE SET actor = 'operator:nobody'",
        "UPDATE audit_anchor SET seq = 1",
        "DELETE FROM audit_anchor",
        "TRUNCATE audit_anchor",
        "DELETE FROM audit_head",
        "TRUNCATE audit_head",
        "INSERT INTO audit_head VALUES (2, 0, '')",
        "SET session_replication_role = replica; DELETE FROM audit_entry",
    ],
)
async def test_the_database_refuses_to_change_what_is_written(database: Database, statement: str) -> None:
    await append_one(database)
    async with database.pool.acquire() as connection:
        with pytest.raises(InsufficientPrivilegeError, match="the audit log is only ever added to"):
            await connection.execute(statement)
        await connection.execute("RESET session_replication_role")
    assert await database.pool.fetchval("SELECT count(*) FROM audit_entry") == 1


async def test_a_role_that_may_only_add_suffices(database: Database) -> None:
    """What docs/audit.md grants to the role that the processes connect as."""
    role = f"appender_{uuid7().hex}"
    await database.pool.execute(f"CREATE ROLE {role}")
    try:
        await database.pool.execute(f"GRANT SELECT, INSERT ON audit_entry, audit_anchor TO {role}")
        await database.pool.execute(f"GRANT SELECT, UPDATE ON audit_head TO {role}")
        async with database.session() as session:
            await (await session.connection()).execute(text(f"SET LOCAL ROLE {role}"))
            assert await append(session, CLOCK, EVENT) == 1
    finally:
        await database.pool.execute(f"DROP OWNED BY {role}")
        await database.pool.execute(f"DROP ROLE {role}")


@pytest.mark.parametrize(
    "wrong",
    [
        {"actor": "张三"},
        {"actor": "resident:zhang@example.cn"},
        {"actor": "somebody"},
        {"object": "service:of parking"},
        {"on_behalf_of": "department"},
        {"action": "published"},
        {"purpose": "because he asked"},
        {"details": {"name": "张三"}},
        {"details": {"Name": "x"}},
        {"details": {"ratio": 0.5}},
        {"details": {"large": 2**53}},
        {"details": {f"n{i}": "x" * 190 for i in range(12)}},
    ],
)
def test_names_and_prose_do_not_get_in(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"ids|2\^53"):
        Event(**{"actor": "operator:1", "action": "a.b", "object": "service:x"} | wrong)


async def test_a_request_id_that_is_none_is_left_out(database: Database) -> None:
    token = request_id.set("a b\0")
    await append_one(database)
    request_id.reset(token)
    assert await database.pool.fetchval("SELECT request_id FROM audit_entry") == ""


def test_the_page_says_every_form_of_an_actor() -> None:
    (said,) = re.findall(r"^\| `actor` \|.*$", (REPOSITORY / "docs" / "audit.md").read_text(), re.MULTILINE)
    sources = (path.read_text() for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))
    forms = {form for source in sources for form in re.findall(r'\bactor=f?"([a-z]+):', source)}
    assert forms >= {"account", "client", "platform"}
    assert [form for form in forms if f"`{form}:<" not in said] == []
