"""The box's store: SQLite in one file. What was answered is on the disk before: a power cut loses nothing.

WAL with ``synchronous=FULL`` (sqlite.org/wal.html) syncs at every commit. One thread owns the connection; writes that
wait for each other share a commit, so a busy lane pays one sync for many events.
"""

import asyncio
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from flows.gate.errors import StoreFailedError

Statement = tuple[str, Sequence[Any]]
_T = TypeVar("_T")
_Work = Callable[[sqlite3.Connection], Any]
_Job = tuple[_Work, "asyncio.Future[Any]", asyncio.AbstractEventLoop]
_AT_ONCE = 200  # jobs of one commit

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL UNIQUE, body BLOB NOT NULL, answer BLOB NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'refused')),
    problem TEXT NOT NULL DEFAULT '', keep_until REAL NOT NULL DEFAULT 0
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
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="gate store", daemon=True)
        self._thread.start()

    async def write(self, statements: Sequence[Statement]) -> None:
        """Write all of them or none; they are on the disk when this returns. Raises StoreFailedError."""
        await self.do(lambda connection: [connection.execute(*each) for each in statements] and None)

    async def do(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run ``work`` on the store's thread, within a transaction. Raises StoreFailedError."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[_T] = loop.create_future()
        self._jobs.put((work, done, loop))
        try:
            return await done
        except sqlite3.Error as error:
            raise StoreFailedError(
                f"The store cannot be used: {error}", fix="Look at the disk: its space, its health, its owner."
            ) from error

    async def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        return await self.do(lambda connection: connection.execute(query, values).fetchall())

    async def close(self) -> None:
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            jobs, ended = [first], False
            while len(jobs) < _AT_ONCE and not self._jobs.empty():
                job = self._jobs.get()
                if job is None:
                    ended = True
                    break
                jobs.append(job)
            self._commit(jobs)
            if ended:
                break
        self._connection.close()

    def _commit(self, jobs: list[_Job]) -> None:
        """Do them in one transaction; if that fails, each in its own, so that one does not take others with it."""
        try:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                found = [work(self._connection) for work, _, _ in jobs]
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            if len(jobs) > 1:
                for job in jobs:
                    self._commit([job])
                return
            _tell(jobs[0], None, error)
        else:
            for job, result in zip(jobs, found, strict=True):
                _tell(job, result, None)


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


def _tell(job: _Job, result: Any, error: Exception | None) -> None:
    _, done, loop = job

    def tell() -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)

    loop.call_soon_threadsafe(tell)
