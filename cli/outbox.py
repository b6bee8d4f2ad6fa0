"""``yiwang outbox``: messages that failed too often wait here for people."""

from uuid import UUID

import click

from cli.transaction import transaction
from kernel.clock import SystemClock
from kernel.outbox import retry, stuck


@click.command(short_help="Show messages that failed too often, or try them again.")
@click.option("--retry", "chosen", type=click.UUID, multiple=True, metavar="ID", help="Try this one again.")
@click.option("--retry-all", is_flag=True, help="Try all of them again.")
def outbox(chosen: tuple[UUID, ...], *, retry_all: bool) -> None:
    """List the messages that were given up after ten failures, with the last error of each.

    Mend the reason first, then try them again. What is tried again has its ten attempts before it, and is done by a
    worker within seconds.
    """
    found = transaction(stuck)
    if chosen or retry_all:
        ids = [row.id for row in found if retry_all or row.id in chosen]
        if missing := set(chosen) - set(ids):
            raise click.UsageError(f"no message {', '.join(map(str, missing))} is stuck; `yiwang outbox` lists them")
        transaction(lambda session: retry(session, SystemClock(), ids))
        click.echo(f"{len(ids)} messages will be tried again.")
        return
    for row in found:
        click.echo(f"{row.id}  {row.task}  of {row.created_at:%Y-%m-%d %H:%M} UTC, {row.failures} failures")
        click.echo(f"    {row.last_error}")
    if not found:
        click.echo("No message is stuck.")
