"""Sealing anew while others work: every row once, none lost, none overwritten."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text, Uuid, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

import migrations.tables  # noqa: F401 - fills SQLModel.metadata
from kernel.crypto.fields import DataKey, FieldCipher
from kernel.crypto.reseal import Progress, reseal
from kernel.crypto.sealed_columns import row_id, sealed_columns
from kernel.crypto.suite import GM, INTL
from kernel.database import Database
from kernel.ids import uuid7

KEYS = {"000000a1": DataKey("000000a1", INTL, b"\1" * 32), "000000b2": DataKey("000000b2", GM, b"\2" * 16)}
OLD, NEW = (FieldCipher(KEYS, key_id) for key_id in KEYS)
TABLES = MetaData()
PERSON = Table(
    "person",
    TABLES,
    Column("id", Uuid, primary_key=True),
    Column("name", LargeBinary, info={"sealed": "person.name"}),
)
LOT = Table(
    "lot",
    TABLES,
    Column("city", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("plain", JSONB, nullable=False),
    Column("holder", LargeBinary, info={"sealed": "lot.holder", "sealed_from": "plain"}),
)
HOLDERS, NAMES = sealed_columns(TABLES)


@pytest.fixture
async def tables(database: Database) -> Database:
    async with database.engine.begin() as connection:
        await connection.run_sync(TABLES.create_all)
    return database


async def people(database: Database, count: int, cipher: FieldCipher = OLD) -> list[UUID]:
    ids = [uuid7() for _ in range(count)]
    async with database.engine.begin() as connection:
        rows = [{"id": each, "name": cipher.seal("person.name", each, f"name {n}")} for n, each in enumerate(ids)]
        await connection.execute(insert(PERSON), rows)
    return ids


async def names(database: Database, cipher: FieldCipher) -> list[str]:
    async with database.engine.connect() as connection:
        rows = (await connection.execute(select(PERSON).order_by(PERSON.c.id))).all()
    assert not [row.id for row in rows if row.name is not None and cipher.needs_rotation(row.name)]
    return ["" if row.name is None else cipher.open("person.name", row.id, row.name) for row in rows]


def silent(_: Progress) -> None:
    """Hear nothing."""


async def test_every_row_is_sealed_anew_in_batches(tables: Database) -> None:
    await people(tables, 25)
    heard: list[tuple[int, int]] = []
    progress = await reseal(tables, NEW, NAMES, lambda now: heard.append((now.resealed, now.total)), batch=10)
    assert heard == [(10, 25), (20, 25), (25, 25)]
    assert (progress.resealed, progress.refused, progress.others) == (25, 0, 0)
    assert await names(tables, NEW) == [f"name {n}" for n in range(25)]
    again = await reseal(tables, NEW, NAMES, heard.append, batch=10)  # type: ignore[arg-type]  # it must not be called
    assert (again.total, again.resealed, len(heard)) == (0, 0, 3)


async def test_what_was_stopped_begins_where_it_was(tables: Database) -> None:
    await people(tables, 25)

    class StoppedError(Exception):
        """As if the process had been killed between two batches."""

    def stop(_: Progress) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        await reseal(tables, NEW, NAMES, stop, batch=10)
    progress = await reseal(tables, NEW, NAMES, silent, batch=10)
    assert (progress.total, progress.resealed) == (15, 15)
    assert await names(tables, NEW) == [f"name {n}" for n in range(25)]


async def test_empty_fields_stay_empty(tables: Database) -> None:
    async with tables.engine.begin() as connection:
        await connection.execute(insert(PERSON), [{"id": uuid7(), "name": None}])
    assert (await reseal(tables, NEW, NAMES, silent)).total == 0
    assert await names(tables, NEW) == [""]


async def test_a_change_made_meanwhile_is_not_overwritten(tables: Database) -> None:
    (first, *_) = await people(tables, 3)
    async with tables.engine.connect() as other:
        changed = OLD.seal("person.name", first, "changed")
        await other.execute(update(PERSON).where(PERSON.c.id == first).values(name=changed))
        working = asyncio.create_task(reseal(tables, NEW, NAMES, silent))
        while not await tables.pool.fetchval(
            "SELECT count(*) FROM pg_locks WHERE NOT granted"
        ):  # it has read, and waits
            await asyncio.sleep(0.01)
        await other.commit()
    progress = await working
    assert (progress.resealed, progress.others) == (2, 1)
    assert (await reseal(tables, NEW, NAMES, silent)).resealed == 1
    assert await names(tables, NEW) == ["changed", "name 1", "name 2"]


async def test_two_at_once_do_no_harm(tables: Database) -> None:
    await people(tables, 60)
    found = await asyncio.gather(*(reseal(tables, NEW, NAMES, silent, batch=7) for _ in range(2)))
    assert sum(each.resealed for each in found) == 60
    assert await names(tables, NEW) == [f"name {n}" for n in range(60)]


async def test_a_row_that_does_not_open_is_named_and_stops_no_other(
    tables: Database, caplog: pytest.LogCaptureFixture
) -> None:
    ids = await people(tables, 4)
    strange = FieldCipher({"000000f0": DataKey("000000f0", INTL, bytes(32))}, "000000f0")
    stranger = (await people(tables, 1, strange))[0]
    async with tables.engine.begin() as connection:
        swapped = OLD.seal("person.name", ids[1], "name 1")
        await connection.execute(update(PERSON).where(PERSON.c.id == ids[0]).values(name=swapped))
    progress = await reseal(tables, NEW, NAMES, silent, batch=2)
    assert (progress.resealed, progress.refused) == (3, 2)
    assert f"row={ids[0]}" in caplog.text
    assert f"row={stranger}" in caplog.text
    assert "the data key 000000f0 is not in the key file" in caplog.text
    assert "name 1" not in caplog.text


async def test_values_from_before_sealing_are_taken_over_and_emptied(tables: Database) -> None:
    async with tables.engine.begin() as connection:
        rows = [{"city": city, "number": n, "plain": {"n": f"{city}{n}"}} for city in "ab" for n in range(5)]
        await connection.execute(insert(LOT), rows)
        sealed = OLD.seal("lot.holder", row_id("c", 1), '{"n":"c1"}')
        await connection.execute(
            insert(LOT),
            [
                {"city": "c", "number": 1, "plain": {}, "holder": sealed},
                {"city": "d", "number": 1, "plain": {}, "holder": None},
            ],
        )
    progress = await reseal(tables, NEW, HOLDERS, silent, batch=3)
    assert (progress.total, progress.resealed) == (11, 11)
    async with tables.engine.connect() as connection:
        found = (await connection.execute(select(LOT).order_by(LOT.c.city, LOT.c.number))).all()
    assert all(row.plain == {} for row in found)
    assert found[-1].holder is None
    for row in found[:-1]:
        opened = NEW.open("lot.holder", row_id(row.city, row.number), row.holder)
        assert opened == f'{{"n":"{row.city}{row.number}"}}'


def test_rows_are_told_apart_whatever_their_keys() -> None:
    assert row_id(uuid7()).count("-") == 4
    assert row_id("parking", 3) == '["parking","3"]'
    assert row_id("a/b", "c") != row_id("a", "b/c")


def test_sealed_columns_have_names_of_their_own_and_hold_bytes() -> None:
    found = sealed_columns(SQLModel.metadata)
    assert "service_version.upstream_headers" in {each.name for each in found}
    assert len({each.name for each in found}) == len(found)
    assert all(isinstance(each.column.type, LargeBinary) for each in found)
