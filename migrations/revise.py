"""Write the migration that brings the newest schema to the tables as they are now (``make migration NAME=...``).

It works on a throw-away embedded server, so that nothing of yours decides what the migration contains.
"""

import asyncio
import sys
import tempfile

from alembic import command
from sqlalchemy import Connection

from kernel.database import create_engine
from kernel.embedded import servers
from kernel.settings import Settings
from migrations.upgrade import configuration, upgrade


async def revise(database_url: str, name: str) -> None:
    """Compare tables and schema, write ``migrations/versions/<date>_<name>.py``; read it before you commit it."""
    await upgrade(database_url)
    engine = create_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(_write, name)
    await engine.dispose()


def _write(connection: Connection, name: str) -> None:
    command.revision(configuration(connection), message=name, autogenerate=True)


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory(prefix="yiwang-") as folder,
        servers(Settings(state_dir=folder, redis_url="unused")) as settings,
    ):
        asyncio.run(revise(settings.database_url, sys.argv[1]))
