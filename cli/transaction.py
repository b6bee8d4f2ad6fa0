"""One transaction in the platform's database, for commands of the operator."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.sessions.ended import attach_ended
from kernel.database import open_database
from kernel.embedded import servers
from kernel.outbox import attach_outbox
from kernel.redis import open_redis
from kernel.settings import load

_T = TypeVar("_T")


def transaction(work: Callable[[AsyncSession], Awaitable[_T]]) -> _T:
    """Do ``work`` in the database of YIWANG_DATABASE_URL, or the embedded one, and commit."""

    async def run() -> _T:
        async with open_database(settings) as database, database.session() as session:
            return await work(session)

    with servers(load()) as settings:
        return asyncio.run(run())


def announced(work: Callable[[AsyncSession], Awaitable[_T]]) -> _T:
    """As ``transaction``, and tell gateways and workers right after the commit; without Redis they find it later."""
    return with_redis(lambda session, _: work(session))


def with_redis(work: Callable[[AsyncSession, Redis], Awaitable[_T]]) -> _T:
    """As ``announced``, of work that needs Redis itself."""

    async def run() -> _T:
        async with open_database(settings) as database, open_redis(settings) as redis:
            attach_outbox(database, redis)
            attach_ended(database, redis)
            async with database.session() as session:
                return await work(session, redis)

    with servers(load()) as settings:
        return asyncio.run(run())
