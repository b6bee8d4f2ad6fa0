"""``yiwang migrate``: bring the database to the newest schema."""

import asyncio

import click

from kernel.embedded import servers
from kernel.settings import load
from migrations.upgrade import upgrade


@click.command()
def migrate() -> None:
    """Run the migrations that the database of YIWANG_DATABASE_URL (or the embedded one) does not have yet.

    Safe to run from several machines at once: one works, the others wait.
    """
    with servers(load()) as settings:
        asyncio.run(upgrade(settings.database_url))
    click.echo("The database has the newest schema.")
