"""One transaction in the platform's database, for commands of the operator."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.database import open_database
from kernel.embedded import servers
from kernel.settings import load

_T = TypeVar("_T")


def transaction(work: Callable[[AsyncSession], Awaitable[_T]]) -> _T:
    """Do ``work`` in the database of YIWANG_DATABASE_URL, or the embedded one, and commit."""

    async def run() -> _T:
        async with open_database(settings) as database, database.session() as session:
            return await work(session)

    with servers(load()) as settings:
        return asyncio.run(run())
