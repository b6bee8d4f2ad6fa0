"""The box's store: SQLite in one file. What was answered is on the disk before: a power cut loses nothing.

WAL with ``synchronous=FULL`` (sqlite.org/wal.html) syncs at every commit. Statements only touch memory and run on the
event loop; the commit, which waits for the disk, has a thread. What comes meanwhile shares the next commit, so that a
busy site pays one sync for many events, and one change of threads.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from flows.gate.errors import StoreFailedError

Statement = tuple[str, Sequence[Any]]


class Change(NamedTuple):
    """What is so in memory already and goes to the disk with an event; ``undo`` is called if that fails."""

    statements: Sequence[Statement]
    undo: Callable[[], None]


_T = TypeVar("_T")
_Job = tuple[Callable[[sqlite3.Connection], Any], "asyncio.Future[Any]"]
_AT_ONCE = 200  # jobs of one commit

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL, answer BLOB NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'known', 'refused')),
    problem TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX IF NOT EXISTS event_state ON event (state, seq);
CREATE TABLE IF NOT EXISTS code_use (request_id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS seen (code_id BLOB PRIMARY KEY, body BLOB NOT NULL, until REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS receipt (
    receipt_id BLOB PRIMARY KEY, who TEXT NOT NULL, until REAL NOT NULL, spent INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS plate (who TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
"""


class Store:
    """Made by ``open_store``; ``close`` waits for what is being written."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._jobs: list[_Job] = []
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "gate store")

    async def write(self, statements: Sequence[Statement]) -> None:
        """Write all of them or none; they are on the disk when this returns. Raises StoreFailedError."""
        await self._do(lambda connection: [connection.execute(*each) for each in statements] and None)

    async def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what a query finds. Raises StoreFailedError."""
        return await self._do(lambda connection: connection.execute(query, values).fetchall())

    async def close(self) -> None:
        if self._writing is not None:
            await self._writing
        self._thread.shutdown()
        self._connection.close()

    async def _do(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Have ``work`` done within a transaction. Raises StoreFailedError."""
        done: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._jobs.append((work, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        try:
            return await done
        except sqlite3.Error as error:
            raise StoreFailedError(
                f"The store cannot be used: {error}", fix="Look at the disk: its space, its health, its owner."
            ) from error

    async def _write(self) -> None:
        while self._jobs:
            jobs, self._jobs = self._jobs[:_AT_ONCE], self._jobs[_AT_ONCE:]
            await self._commit(jobs)
        self._writing = None

    async def _commit(self, jobs: Sequence[_Job]) -> None:
        """Do them in one transaction; if that fails, each in its own, so that one does not take others with it."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            found = [work(self._connection) for work, _ in jobs]
            await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.commit)
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            with suppress(sqlite3.Error):  # whoever waits is told the first one
                self._connection.rollback()
            if len(jobs) > 1:
                for job in jobs:
                    await self._commit([job])
            elif not jobs[0][1].cancelled():
                jobs[0][1].set_exception(error)
        else:
            for (_, done), result in zip(jobs, found, strict=True):
                if not done.cancelled():
                    done.set_result(result)


def open_store(path: Path) -> Store:
    """Open a site's store, made if it is not there. Raises StoreFailedError."""
    return Store(connected(path))


def connected(path: Path) -> sqlite3.Connection:
    """Return the store's connection, the only one: a second box would number the same. Raises StoreFailedError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # plates are in it
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        for setting in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {setting}")
        connection.executescript(_SCHEMA)
    except (sqlite3.Error, OSError) as error:
        raise StoreFailedError(
            f"{path} cannot be the store: {error}", fix="Choose another --store, or end the box that has this one."
        ) from error
    return connection


def keep(name: str, body: bytes) -> Statement:
    """Return what keeps one thing under a name."""
    return "INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, body)
