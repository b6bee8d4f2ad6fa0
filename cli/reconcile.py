"""``yiwang reconcile``: a day's bills of the host apps against our books, and what people have to look at."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import click
from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.apps import open_channels, read_apps
from adapters.errors import NotOfferedError
from cli.errors_said import said
from cli.transaction import platform, transaction
from cli.who import record
from flows.payments.reconciliation.closing import close
from flows.payments.reconciliation.reconciling import reconcile
from flows.payments.reconciliation.reporting import Report, as_csv, as_json, as_text, reports
from kernel.clock import CHINA, SystemClock
from kernel.database import open_database
from kernel.errors import YiwangError
from kernel.outbox import attach_outbox
from kernel.redis import open_redis
from kernel.settings import Settings

_CLOCK = SystemClock()
_WRITERS: dict[str, Callable[[Sequence[Report]], str]] = {"text": as_text, "csv": as_csv, "json": as_json}


@click.command("reconcile", short_help="Compare the host apps' bills with our books.")
@click.option(
    "--day", metavar="YYYY-MM-DD", type=click.DateTime(["%Y-%m-%d"]), help="A day in Beijing; else yesterday."
)
@click.option("--app", "app_id", metavar="APP_ID", help="One app; else all that take payments.")
@click.option("--show", is_flag=True, help="Fetch nothing: show what was found before.")
@click.option("--format", "form", type=click.Choice(list(_WRITERS)), default="text", show_default=True)
@click.option("--close", "closed", type=click.UUID, multiple=True, metavar="ID", help="Close a difference.")
@click.option("--note", default="", help="With --close: what came of it; no names, no numbers of people.")
def reconcile_command(
    day: datetime | None, app_id: str | None, *, show: bool, form: str, closed: tuple[UUID, ...], note: str
) -> None:
    """Fetch a day's bill of each app and compare it with our payments and refunds, which may be done again and again.

    A payment that the host bills and nobody told us of is entered as if it had told us; what was paid twice goes back.
    Every other difference stays open until a person closes it. The worker does this by itself every hour for each day
    that is over, as soon as there is a bill.

    \b
    Examples:
      yiwang reconcile --day 2026-11-02
      yiwang reconcile --show --format csv --day 2026-11-02
      yiwang reconcile --close 0192… --note "given back in the console"
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    if closed:
        transaction(lambda session: _close(session, closed, note))
        click.echo(f"{len(closed)} closed.")
        return
    chosen = day.date() if day else _CLOCK.now().astimezone(CHINA).date() - timedelta(days=1)
    if not show:
        _fetch(chosen, app_id)
    found = transaction(lambda session: reports(session, chosen, chosen, app_id))
    click.echo(_WRITERS[form](found), nl=form == "text")


def _fetch(day: date, app_id: str | None) -> None:
    with platform("database_url", "redis_url") as settings:
        asyncio.run(_reconcile(settings, day, app_id))


async def _reconcile(settings: Settings, day: date, app_id: str | None) -> None:
    """Reconcile one app after another, each in a transaction of its own."""
    apps = read_apps(settings.host_apps_file)
    async with (
        open_database(settings) as database,
        open_redis(settings) as redis,
        open_channels(apps, redis, _CLOCK) as channels,
    ):
        attach_outbox(database, redis)
        if app_id is not None and app_id not in channels:
            raise click.UsageError(f"there is no app {app_id} in the file of host apps")
        for each in [app_id] if app_id else channels:
            try:
                bill = await channels[each].bill(day)
            except NotOfferedError:
                if app_id:
                    raise
                continue
            except YiwangError as error:
                click.echo(f"{each}: {said(error)}", err=True)
                continue
            async with database.session() as session:
                await reconcile(session, _CLOCK, bill)


async def _close(session: AsyncSession, ids: Sequence[UUID], note: str) -> None:
    for each in ids:
        row = await close(session, _CLOCK, each, note)
        await record(session, _CLOCK, "reconciliation.closed", f"difference:{each}", day=row.day.isoformat())
