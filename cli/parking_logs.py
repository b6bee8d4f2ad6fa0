"""``yiwang parking logs``: what sites' own logs say otherwise than our events, sessions and ledger."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import click
from sqlmodel.ext.asyncio.session import AsyncSession

from cli.transaction import transaction
from cli.who import record
from flows.parking.site_logs.reconciling import close
from flows.parking.site_logs.reporting import SiteReport, as_json, as_text, site_reports
from kernel.clock import SystemClock

_CLOCK = SystemClock()
_WRITERS: dict[str, Callable[[Sequence[SiteReport]], str]] = {"text": as_text, "json": as_json}


@click.command("logs", short_help="Show how sites' logs and the platform differ.")
@click.option(
    "--day",
    metavar="YYYY-MM-DD",
    type=click.DateTime(["%Y-%m-%d"]),
    help="A day in Beijing; else the newest that came.",
)
@click.option("--format", "form", type=click.Choice(list(_WRITERS)), default="text", show_default=True)
@click.option("--close", "closed", type=click.UUID, multiple=True, metavar="ID", help="Close a difference.")
@click.option("--note", default="", help="With --close: what came of it; no names, no plates.")
def logs(day: datetime | None, *, form: str, closed: tuple[UUID, ...], note: str) -> None:
    """Show each site's day: what its arms did and what it took, beside our events, sessions and ledger.

    A site's box hands its log in when a day is over. The worker compares it then, and every hour while something
    differs, for events and payments come late. What stays open is for people: docs/reconciliation.md has the classes.

    \b
    Examples:
      yiwang parking logs --day 2026-11-02
      yiwang parking logs --close 0192… --note "the attendant let an ambulance out"
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    if closed:
        transaction(lambda session: _close(session, closed, note))
        click.echo(f"{len(closed)} closed.")
        return
    found = transaction(lambda session: site_reports(session, day.date() if day else None))
    click.echo(_WRITERS[form](found))


async def _close(session: AsyncSession, ids: Sequence[UUID], note: str) -> None:
    for each in ids:
        row = await close(session, _CLOCK, each, note)
        await record(session, _CLOCK, "parking_site_difference.closed", f"difference:{row.id}", about=row.about)
