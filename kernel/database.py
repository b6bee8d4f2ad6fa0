"""PostgreSQL: one session and one transaction per request or task, committed at the edge; and a pool past the ORM.

SQLModel on SQLAlchemy's asyncio engine with asyncpg writes and reads rows; hot reads take ``pool`` (a primary-key read
is 150 µs there and 1.1 ms through the ORM, see docs/decisions/0002). Nobody but ``session`` calls ``commit``.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.settings import Settings


class Database:
    """The engine and the pool of one process and event loop; made by ``open_database``."""

    def __init__(self, engine: AsyncEngine, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.engine = engine
        self.pool = pool
        self.after_commit: list[Callable[[AsyncSession], Awaitable[None]]] = []

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends, rolled back when it raises; then ``after_commit`` runs."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            async with session.begin():
                yield session
            for hook in self.after_commit:
                await hook(session)


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Connect for the length of a process; needs ``settings.database_url``."""
    size = settings.database_pool_size
    engine = create_engine(settings.database_url, pool_size=size, max_overflow=0)
    try:
        async with asyncpg.create_pool(asyncpg_url(settings.database_url), min_size=0, max_size=size) as pool:
            yield Database(engine, pool)
    finally:
        await engine.dispose()


def create_engine(url: str, **options: Any) -> AsyncEngine:
    """SQLAlchemy's engine; parameters never reach error messages, for they are residents' data."""
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    return create_async_engine(parsed, hide_parameters=True, pool_pre_ping=True, **options)


def asyncpg_url(url: str) -> str:
    """The same URL without a SQLAlchemy driver name."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
