"""PostgreSQL: one session and one transaction per request or task, committed at the edge; and a pool past the ORM.

SQLModel on SQLAlchemy's asyncio engine with asyncpg writes and reads rows; hot reads take ``pool`` (a primary-key read
is 150 µs there and 1.1 ms through the ORM, see docs/decisions/0002). Nobody but ``session`` calls ``commit``.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import asyncpg
from sqlalchemy import event, func
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.settings import Settings

_TURN_SECONDS = 30.0
_LAST = "last"  # in AsyncSession.info: what is done before the commit
_UNDONE = "undone"  # in AsyncSession.info: what is done after a rollback
_HUNG_UP = "the database has closed the connection"
_RESTED, _SURE_FOR_SECONDS = "rested_since", 1.0
_UNDONE_AGAIN = tuple(2.0**n for n in range(-1, 10))  # seconds: some 17 minutes in all

_Work = Callable[[], Awaitable[object]]
logger = logging.getLogger(__name__)


class Database:
    """The engine and the pool of one process and event loop; made by ``open_database``."""

    def __init__(self, engine: AsyncEngine, pool: "asyncpg.Pool[asyncpg.Record]", size: int) -> None:
        self.engine = engine
        self.pool = pool
        self._snapshots = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        # SQLAlchemy gives a free connection to whoever comes just then, so under load some wait until they give up.
        self._turns = asyncio.Semaphore(size)
        self.after_commit: list[Callable[[AsyncSession], Awaitable[None]]] = []
        self.session_info: dict[str, Any] = {}  # what each session has in its ``info`` from the beginning
        self._undoing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends, rolled back when it raises; then ``after_commit`` runs.

        What was put off by ``do_last`` is done before the commit; ``if_undone`` says what follows a rollback.
        """
        async with AsyncSession(self.engine, expire_on_commit=False, info=self.session_info) as session:
            try:
                async with self._turn(), session.begin():
                    yield session
                    for work in session.info.pop(_LAST, ()):
                        await work()
            except BaseException:
                await self._undo(session.info.pop(_UNDONE, ()))
                raise
            for hook in self.after_commit:
                await hook(session)

    async def _undo(self, works: Sequence[_Work]) -> None:
        """Do what follows a rollback; whoever caused that hears of it alone, and what fails here is tried again.

        If that one is cancelled meanwhile, the rest is done without them.
        """
        for number, work in enumerate(works):
            try:
                await work()
            except Exception:
                logger.exception("what follows a rollback failed, and is tried again")
                self._undo_later(work)
            except BaseException:
                for each in works[number:]:
                    self._undo_later(each)
                raise

    def _undo_later(self, work: _Work) -> None:
        task = asyncio.create_task(_again(work))
        self._undoing.add(task)
        task.add_done_callback(self._undoing.discard)

    def close(self) -> None:
        """Try nothing again any more."""
        for task in self._undoing:
            task.cancel()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncSession]:
        """One transaction that only reads, everything as it was in one moment, and waits for nobody."""
        async with AsyncSession(self._snapshots, expire_on_commit=False) as session, self._turn(), session.begin():
            yield session

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait until one of the connections is free for whoever has waited longest. Raises TimeoutError."""
        async with asyncio.timeout(_TURN_SECONDS):
            await self._turns.acquire()
        try:
            yield
        finally:
            self._turns.release()


async def driver(session: AsyncSession) -> "asyncpg.Connection[asyncpg.Record]":
    """Return the driver's connection of a session's transaction, for hot reads: a statement costs a seventh there.

    What the session has not flushed yet is not seen. JSON is given as text, and comes as what it says.
    """
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    driven: asyncpg.Connection[asyncpg.Record] = raw.driver_connection
    if not driven.is_in_transaction():  # it begins with SQLAlchemy's own first statement, which is none
        began: Any = raw.dbapi_connection
        await began._start_transaction()  # noqa: SLF001 - any statement of its own costs four times as much
    return driven


async def lock_named(session: AsyncSession, name: str) -> None:
    """Wait for the lock of a name, which one transaction at a time holds, and hold it until this one ends."""
    await session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def do_last(session: AsyncSession, work: _Work) -> None:
    """Put off what takes a lock that everybody waits for until the transaction has nothing else left to do."""
    session.info.setdefault(_LAST, []).append(work)


def if_undone(session: AsyncSession, work: _Work) -> None:
    """Have this done, in transactions of its own, if this one is rolled back: what others were told may not stand.

    If it fails it is tried again, for some minutes while the process lives: let it do little, such as to send a message
    of the outbox, and what is done twice do no harm.
    """
    session.info.setdefault(_UNDONE, []).append(work)


async def _again(work: _Work) -> None:
    for seconds in _UNDONE_AGAIN:
        await asyncio.sleep(seconds)
        try:
            await work()
        except Exception:
            logger.exception("what follows a rollback failed again")
        else:
            return
    logger.error("what follows a rollback was tried in vain, and is given up")


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Connect for the length of a process; needs ``settings.database_url``."""
    size = settings.database_pool_size
    engine = create_engine(settings.database_url, pool_size=size, max_overflow=0)
    try:
        url = asyncpg_url(settings.database_url)
        async with asyncpg.create_pool(url, min_size=0, max_size=size, reset=_as_it_was) as pool:
            database = Database(engine, pool, size)
            try:
                yield database
            finally:
                database.close()
    finally:
        await engine.dispose()


async def _as_it_was(_: object) -> None:
    """Nobody locks, listens or sets anything on the pool's connections beyond a transaction, which is over by now.

    To have the server forget such things would be a second round trip for every read.
    """


def create_engine(url: str, **options: Any) -> AsyncEngine:
    """SQLAlchemy's engine; parameters never reach error messages, for they are residents' data."""
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(parsed, hide_parameters=True, **options)
    _ping_after_rest(engine)
    return engine


def _ping_after_rest(engine: AsyncEngine) -> None:
    """Try a connection that has rested before it is given out; a broken one is replaced.

    SQLAlchemy's own ``pool_pre_ping`` tries every one: three round trips (BEGIN, the ping, ROLLBACK) for each request,
    which under load has used the connection a moment ago. That the server has hung up is known without asking.
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def rest(_: Any, record: Any) -> None:
        record.info[_RESTED] = monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def ping(connection: Any, record: Any, _: Any) -> None:
        if connection.driver_connection.is_closed():
            raise DisconnectionError(_HUNG_UP)
        if monotonic() - record.info.get(_RESTED, monotonic()) < _SURE_FOR_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError(_HUNG_UP) from error


def asyncpg_url(url: str) -> str:
    """The same URL without a SQLAlchemy driver name."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
