"""One transaction per session, the pool past the ORM, and migrations that equal the tables."""

import asyncio
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import SQLModel, select

import migrations.tables  # noqa: F401 - fills SQLModel.metadata
from kernel.database import Database, if_undone
from kernel.outbox import OutboxMessage


def _row(task: str = "t") -> OutboxMessage:
    now = datetime.now(UTC)
    return OutboxMessage(task=task, arguments={"secret": "330102199001011234"}, created_at=now, due_at=now)


async def test_a_session_commits_at_its_end(database: Database) -> None:
    async with database.session() as session:
        session.add(_row())
    assert await database.pool.fetchval("SELECT count(*) FROM outbox") == 1


async def test_a_snapshot_is_of_one_moment_and_writes_nothing(database: Database) -> None:
    async with database.snapshot() as snapshot:
        assert (await snapshot.exec(select(OutboxMessage))).all() == []
        async with database.session() as session:
            session.add(_row())
        assert (await snapshot.exec(select(OutboxMessage))).all() == []
    async with database.snapshot() as snapshot:
        assert len((await snapshot.exec(select(OutboxMessage))).all()) == 1
    with pytest.raises(DBAPIError, match="read-only"):
        async with database.snapshot() as snapshot:
            snapshot.add(_row())
    async with database.session() as session:  # on the same connections
        session.add(_row())


async def test_a_session_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.session() as session:
            session.add(_row())
            await session.flush()
            raise RuntimeError
    assert await database.pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_what_undoing_fails_with_hides_no_error_and_is_tried_again(database: Database) -> None:
    done: list[str] = []

    async def first() -> None:
        done.append("first")
        if done.count("first") < 3:
            raise OSError

    async def second() -> None:
        done.append("second")

    with pytest.raises(RuntimeError):
        async with database.session() as session:
            if_undone(session, first)
            if_undone(session, second)
            raise RuntimeError
    assert done == ["first", "second"]
    async with asyncio.timeout(10):
        while done.count("first") < 3:
            await asyncio.sleep(0.1)
    await asyncio.sleep(2.5)  # longer than it waits for the next time
    assert done.count("first") == 3


async def test_who_is_cancelled_while_undoing_loses_none_of_it(database: Database) -> None:
    begun, done = asyncio.Event(), asyncio.Queue[str]()

    async def first() -> None:
        if not begun.is_set():
            begun.set()
            await asyncio.Event().wait()
        done.put_nowait("first")

    async def second() -> None:
        done.put_nowait("second")

    async def fail() -> None:
        async with database.session() as session:
            if_undone(session, first)
            if_undone(session, second)
            raise RuntimeError

    failing = asyncio.create_task(fail())
    await begun.wait()
    failing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await failing
    async with asyncio.timeout(10):
        assert {await done.get(), await done.get()} == {"first", "second"}


async def test_each_test_has_its_own_database(database: Database) -> None:
    async with database.session() as session:
        assert (await session.exec(select(OutboxMessage))).all() == []


async def test_errors_never_show_parameters(database: Database) -> None:
    row = _row()
    row.task = None  # type: ignore[assignment]  # what PostgreSQL refuses
    with pytest.raises(IntegrityError) as raised:
        async with database.session() as session:
            session.add(row)
    assert "330102199001011234" not in str(raised.value)


_END_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"


async def test_a_connection_that_broke_while_it_rested_is_replaced(database: Database) -> None:
    async with database.session() as session:
        assert (await session.exec(select(OutboxMessage))).all() == []
    await database.pool.fetch(_END_OTHERS, database.engine.url.database)
    await asyncio.sleep(1.1)  # no longer than this is a connection believed in
    async with database.session() as session:
        assert (await session.exec(select(OutboxMessage))).all() == []


async def test_connections_that_break_under_load_are_replaced(database: Database) -> None:
    async def look() -> None:
        async with database.session() as session:
            await session.exec(select(OutboxMessage))

    await asyncio.gather(*(look() for _ in range(5)))
    while await database.pool.fetch(_END_OTHERS, database.engine.url.database):
        await asyncio.sleep(0.01)
    await asyncio.gather(*(look() for _ in range(5)))


async def test_migrations_equal_the_tables(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, SQLModel.metadata))

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
