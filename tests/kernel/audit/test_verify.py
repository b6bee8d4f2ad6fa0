"""Whatever somebody with all rights on the database does to the log, verification names the very entries."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from kernel.audit.anchors import key_id, signed
from kernel.audit.entries import Event, append
from kernel.clock import SystemClock
from kernel.database import Database
from tests.kernel.audit.chains import (
    Connection,
    anchor_now,
    exchange,
    fill,
    found,
    fresh,
    hashed,
    insert,
    meddling,
    read,
    rehash,
    renumber,
    rewrite_from,
    verified,
)

Meddle = Callable[[Connection], Awaitable[object]]
NUMBER = 40
PLACES = (1, 2, 17, NUMBER - 1, NUMBER)
NOBODY = "actor = 'operator:nobody'"


@pytest.fixture
async def log(database: Database) -> Database:
    await fill(database, NUMBER)
    return database


async def test_an_untouched_log_is_whole(log: Database) -> None:
    async with log.session() as session:
        event = Event(actor="operator:1", action="a.b", object="service:x", details={"n": 1, "yes": True, "s": "x"})
        await append(session, SystemClock(), event)
    report = await verified(log, [await anchor_now(log, 7), await anchor_now(log, NUMBER)])
    assert (report.findings, report.entries, report.last, report.anchors) == ([], NUMBER + 1, NUMBER + 1, 2)
    assert await found(log, first=20) == []
    assert (await verified(log, first=41)).entries == 1
    assert await found(log, first=42) == []


async def test_an_empty_log_is_whole(database: Database) -> None:
    assert await found(database) == []


def sql(statement: str) -> Meddle:
    return lambda connection: connection.execute(statement)


async def edit(connection: Connection, change: str, seq: int) -> None:
    await connection.execute(f"UPDATE audit_entry SET {change} WHERE seq = {seq}")  # noqa: S608 - the test's own


COLUMNS = {
    "at": "at + interval '1 microsecond'",
    "actor": "'operator:nobody'",
    "acr": "'x'",
    "on_behalf_of": "'department:x'",
    "action": "'service.rolled_back'",
    "object": "'service:other'",
    "purpose": "'x'",
    "result": "'refused'",
    "request_id": "''",
    "details": "details || '{\"version\": 0}'",
    "previous_hash": "'\\x00'",
    "hash": "decode(repeat('ff', 32), 'hex')",
}


@pytest.mark.parametrize("column", COLUMNS)
async def test_an_edit_of_any_column_is_found(log: Database, column: str) -> None:
    for seq in PLACES:
        await fill(log, NUMBER)
        async with meddling(log) as connection:
            await edit(connection, f"{column} = {COLUMNS[column]}", seq)
        assert await found(log) == [("edited", seq, seq)]


async def test_an_edit_that_was_hashed_anew_is_found(log: Database) -> None:
    for seq in PLACES:
        await fill(log, NUMBER)
        async with meddling(log) as connection:
            await edit(connection, NOBODY, seq)
            await rehash(connection, seq)
        assert await found(log) == [("edited", seq, seq)]


@pytest.mark.parametrize(
    "value",
    [
        "at = 'infinity'",
        "at = '20000-01-01'",
        "at = '0044-03-15 BC'",
        "details = '{\"n\": 1e400}'",
        "details = '{\"n\": 0.5}'",
        "details = '[]'",
        "details = (repeat('[', 3000) || repeat(']', 3000))::jsonb",
        "actor = E'\\t\\u0001'",
    ],
)
async def test_values_that_nobody_could_append_are_edits_too(log: Database, value: str) -> None:
    async with meddling(log) as connection:
        await edit(connection, value, 5)
    assert await found(log) == [("edited", 5, 5)]


@pytest.mark.parametrize(
    ("meddle", "expected"),
    [
        (sql("DELETE FROM audit_entry WHERE seq = 1"), [("deleted", 1, 1)]),
        (sql("DELETE FROM audit_entry WHERE seq = 17"), [("deleted", 17, 17)]),
        (sql("DELETE FROM audit_entry WHERE seq BETWEEN 17 AND 30"), [("deleted", 17, 30)]),
        (sql("DELETE FROM audit_entry WHERE seq IN (3, 9)"), [("deleted", 3, 3), ("deleted", 9, 9)]),
        (sql("DELETE FROM audit_entry WHERE seq > 39"), [("cut", 40, 40)]),
        (sql("DELETE FROM audit_entry WHERE seq > 30"), [("cut", 31, NUMBER)]),
        (sql("DELETE FROM audit_entry"), [("cut", 1, NUMBER)]),
        (sql("DELETE FROM audit_head"), [("head", NUMBER, NUMBER)]),
        (sql("UPDATE audit_head SET seq = 35"), [("inserted", 36, NUMBER)]),
        (sql("UPDATE audit_head SET hash = ''"), [("edited", NUMBER, NUMBER)]),
    ],
)
async def test_what_is_missing_is_found(log: Database, meddle: Meddle, expected: list[Any]) -> None:
    async with meddling(log) as connection:
        await meddle(connection)
    assert await found(log) == expected


@pytest.mark.parametrize("number", [1, 2, 8])
@pytest.mark.parametrize("move_head", [False, True])
async def test_a_deletion_that_was_closed_up_is_found(log: Database, number: int, *, move_head: bool) -> None:
    for seq in (1, 2, 17, NUMBER - number):
        await fill(log, NUMBER)
        anchors = [await anchor_now(log, each) for each in (12, 38, NUMBER) if each not in range(seq, seq + number)]
        async with meddling(log) as connection:
            await connection.execute("DELETE FROM audit_entry WHERE seq >= $1 AND seq < $2", seq, seq + number)
            await renumber(connection, seq, -number)
            if move_head:
                await connection.execute("UPDATE audit_head SET seq = seq - $1", number)
        assert await found(log, anchors) == [("deleted", seq, seq + number - 1)]


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("move_head", [False, True])
async def test_an_insertion_is_found(log: Database, number: int, *, move_head: bool) -> None:
    for seq in PLACES:
        await fill(log, NUMBER)
        anchors = [await anchor_now(log, each) for each in (12, 38, NUMBER)]
        async with meddling(log) as connection:
            await renumber(connection, seq, number)
            previous = (await read(connection, seq - 1)).hash if seq > 1 else bytes(32)
            for new in range(seq, seq + number):
                link = hashed(msgspec.structs.replace(fresh(new, previous), actor="operator:nobody"))
                await insert(connection, link)
                previous = link.hash
            if move_head:
                await connection.execute("UPDATE audit_head SET seq = seq + $1", number)
        assert await found(log, anchors) == [("inserted", seq, seq + number - 1)]


async def test_an_entry_before_the_first_and_one_past_the_head_are_found(log: Database) -> None:
    async with meddling(log) as connection:
        last = await read(connection, NUMBER)
        await insert(connection, hashed(fresh(0, bytes(32))))
        await insert(connection, hashed(fresh(NUMBER + 1, last.hash)))
    assert await found(log) == [("inserted", 0, 0), ("inserted", NUMBER + 1, NUMBER + 1)]


async def test_exchanged_entries_are_found(log: Database) -> None:
    for one, other in ((1, 2), (1, NUMBER), (17, 18), (17, 19), (5, 30), (NUMBER - 1, NUMBER)):
        await fill(log, NUMBER)
        async with meddling(log) as connection:
            await exchange(connection, one, other)
        report = await verified(log)
        assert [(each.kind, each.seq) for each in report.findings] == [("moved", one), ("moved", other)]
        assert report.findings[0].message == f"it was written as number {other}"


async def test_a_cut_tail_is_found_by_an_anchor(log: Database) -> None:
    anchors = [await anchor_now(log, 12), await anchor_now(log, 35)]
    async with meddling(log) as connection:
        await connection.execute("DELETE FROM audit_entry WHERE seq > 20")
        await rewrite_from(connection, 20)
    assert await found(log) == []  # by itself it is whole
    assert await found(log, anchors) == [("cut", 21, 35)]


async def test_a_rewritten_chain_is_found_by_an_anchor(log: Database) -> None:
    anchors = [await anchor_now(log, 12), await anchor_now(log, 28), await anchor_now(log, 35)]
    async with meddling(log) as connection:
        await edit(connection, NOBODY, 15)
        await rewrite_from(connection, 15)
    assert await found(log) == []
    assert await found(log, anchors) == [("rewritten", 13, 35)]
    assert await found(log, anchors[1:]) == [("rewritten", 1, 35)]
    assert await found(log, anchors, first=29) == [("rewritten", 29, 35)]


async def test_verification_can_begin_at_an_anchor(log: Database) -> None:
    anchors = [await anchor_now(log, 20)]
    async with meddling(log) as connection:
        await connection.execute("UPDATE audit_entry SET actor = 'operator:nobody' WHERE seq IN (3, 25)")
        await connection.execute("DELETE FROM audit_entry WHERE seq = 30")
    assert await found(log, anchors, first=21) == [("edited", 25, 25), ("deleted", 30, 30)]
    assert await found(log, anchors, first=32) == []
    assert await found(log, anchors, first=31) == [("deleted", 30, 30)]  # nothing is known of what precedes
    assert await found(log, anchors, first=99) == [("deleted", 98, 98)]
    async with meddling(log) as connection:
        await edit(connection, NOBODY, 20)
        await rehash(connection, 20)
    assert ("edited", 21, 21) in await found(log, first=21)


async def test_signatures_tell_true_anchors_from_made_up_ones(log: Database) -> None:
    key, another = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    keys = {key_id(key.public_key()): key.public_key()}
    early, true, other = [await anchor_now(log, seq) for seq in (3, 5, 9)]
    report = await verified(log, [early, signed(true, key)], keys)
    assert (report.findings, report.anchors, report.signed_anchors) == ([], 2, 1)
    for wrong in (
        other,
        signed(other, another),
        msgspec.structs.replace(signed(other, key), seq=10),
        msgspec.structs.replace(signed(other, key), at="2026-11-25T12:00:00.000001Z"),
        msgspec.structs.replace(signed(other, key), signature="!"),
        msgspec.structs.replace(signed(other, key), signature="AAAA"),
    ):
        report = await verified(log, [early, signed(true, key), wrong], keys)
        assert [(each.kind, each.seq) for each in report.findings] == [("anchor", wrong.seq)]
        assert report.anchors == 2
    report = await verified(log, [early, true], keys)
    assert [(each.kind, each.seq) for each in report.findings] == [("anchor", 5)]


async def test_findings_beyond_a_thousand_are_counted(database: Database) -> None:
    await fill(database, 1500)
    async with meddling(database) as connection:
        await connection.execute("UPDATE audit_entry SET acr = 'x'")
    report = await verified(database)
    assert (len(report.findings), report.unreported) == (1000, 500)
    assert [each.seq for each in report.findings] == list(range(1, 1001))
