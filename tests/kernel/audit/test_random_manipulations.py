"""Hypothesis meddles with a real table: every manipulation is found, by its number; several at once are all found."""

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

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
)

NUMBER = 30
PLACES = st.lists(st.integers(1, NUMBER), min_size=2, max_size=2, unique=True)
KINDS = ("edit", "edit and hash", "delete", "delete and close up", "insert", "exchange", "cut", "rewrite")


async def meddle(connection: Connection, kind: str, seq: int, other: int) -> set[int]:
    """Do it; the numbers that must be named."""
    if kind.startswith("edit"):
        await connection.execute("UPDATE audit_entry SET object = 'service:other' WHERE seq = $1", seq)
        if kind == "edit and hash":
            await rehash(connection, seq)
    elif kind.startswith("delete"):
        await connection.execute("DELETE FROM audit_entry WHERE seq = $1", seq)
        if kind == "delete and close up":
            await renumber(connection, seq, -1)
    elif kind == "insert":
        await renumber(connection, seq, 1)
        previous = (await read(connection, seq - 1)).hash if seq > 1 else bytes(32)
        await insert(connection, hashed(fresh(seq, previous)))
    elif kind == "exchange":
        await exchange(connection, seq, other)
        return {seq, other}
    elif kind == "cut":
        await connection.execute("DELETE FROM audit_entry WHERE seq >= $1", seq)
        await rewrite_from(connection, seq)
    else:
        await connection.execute("UPDATE audit_entry SET object = 'service:other' WHERE seq = $1", seq)
        await rewrite_from(connection, seq)
    return {seq}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(KINDS), places=PLACES)
async def test_every_manipulation_is_named(database: Database, kind: str, places: list[int]) -> None:
    await fill(database, NUMBER)
    anchors = [await anchor_now(database, seq) for seq in (10, NUMBER)]
    async with meddling(database) as connection:
        expected = await meddle(connection, kind, *places)
    named = await found(database, anchors)
    assert {
        seq for _, seq, _ in named
    } == expected or kind == "rewrite"  # which an anchor tells from the last fitting one on
    assert all(any(first <= seq <= last for _, first, last in named) for seq in expected)
    assert len(named) == len(expected)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.dictionaries(st.integers(1, NUMBER), st.sampled_from(["edit", "edit and hash", "delete"]), max_size=6),
)
async def test_several_at_once_are_all_named(database: Database, edits: dict[int, str]) -> None:
    assume(
        not any(kind == "edit and hash" and edits.get(seq + 1) == "delete" for seq, kind in edits.items())
    )  # docs/audit.md
    await fill(database, NUMBER)
    async with meddling(database) as connection:
        for seq, kind in edits.items():
            await meddle(connection, kind, seq, seq)
    named = await found(database, [await anchor_now(database, seq) for seq in range(1, NUMBER + 1) if seq not in edits])
    assert all(any(first <= seq <= last for _, first, last in named) for seq in edits), named
    assert bool(named) == bool(edits)
