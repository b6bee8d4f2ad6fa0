"""``yiwang hall``: the operator of the platform looks at an office's hall."""

import click
from sqlmodel.ext.asyncio.session import AsyncSession

from cli.transaction import existing, transaction
from flows.appointments.closing import office_of
from flows.appointments.hall.viewing import HallView, QueueView, hall_of
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from kernel.errors import YiwangError

_CLOCK = SystemClock()


@click.group(short_help="Look at the hall of an office.")
def hall() -> None:
    """Who waits, at which counters, and how far estimates are off: docs/halls.md."""


@hall.command("show")
@click.argument("office")
def show(office: str) -> None:
    """Show the counters of OFFICE, and for each service how many wait, how long, and how far estimates were off.

    \b
    Example:
      yiwang hall show civic-centre
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    cipher = open_keys(existing()).cipher

    async def work(session: AsyncSession) -> HallView:
        await office_of(session, office)  # whose error names the operator's own list
        return await hall_of(session, _CLOCK, cipher, office)

    try:
        view = transaction(work)
    except YiwangError as error:
        raise click.ClickException(error.said) from error
    click.echo(f"{view.office}  {view.name_zh}  {view.day}")
    for each in view.counters:
        at = f"{each.ticket.number} {each.ticket.state}" if each.ticket else "free"
        click.echo(f"  counter {each.code}  {each.name_zh}  {at if each.open else 'closed'}")
    for queue in view.queues:
        click.echo(f"  {queue.service}  {queue.waiting} wait  {_foretold(queue)}")
    click.echo(f"  {len(view.missed)} have missed their calls.")


def _foretold(queue: QueueView) -> str:
    if queue.low_s is None or queue.high_s is None:
        return "no counter is open for it"
    off = "no estimate was measured yet" if queue.error_s is None else f"off by {queue.error_s // 60} min on average"
    low, high = queue.low_s // 60, -(-queue.high_s // 60)
    return f"about {low if low == high else f'{low} to {high}'} min for a newcomer  ({off})"
