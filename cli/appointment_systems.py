"""``yiwang appointments systems`` and ``check-system``: how departments' own booking systems do, and if one fits."""

import asyncio
import time

import click
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.issuer import issuer
from auth.keys.key_ring import KeyRing, load
from cli.transaction import existing, transaction
from flows.appointments.systems.checking import Check, Defect
from flows.appointments.systems.client import Client, Signer
from flows.appointments.tables import BookingSystem
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from kernel.networks import parse_networks

_CLOCK = SystemClock()


@click.command("systems")
def systems() -> None:
    """Show the departments' own booking systems: when each was asked last, and what is wrong with its answers."""

    async def work(session: AsyncSession) -> list[str]:
        rows = (await session.exec(select(BookingSystem).order_by(BookingSystem.code))).all()
        return [line for row in rows for line in _lines(row)]

    lines = transaction(work)
    for line in lines:
        click.echo(line)
    if not lines:
        click.echo("No department has its own booking system.", err=True)


def _lines(row: BookingSystem) -> list[str]:
    if row.closed_at:
        return [f"{row.code}  {row.department}  closed"]
    state = f"failing, {row.failures} times" if row.failures else "well" if row.polled_at else "not asked yet"
    asked = "never"
    if row.polled_at:
        asked = f"{row.polled_at:%Y-%m-%d %H:%M:%S} UTC, {(_CLOCK.now() - row.polled_at).total_seconds():.0f} s ago"
    read = f"{row.synced_at:%Y-%m-%d %H:%M:%S} UTC" if row.synced_at else "due"
    head = f"{row.code}  {row.department}  {row.url}  {state}  asked {asked}  all read {read}"
    return [head, *([f"  error: {row.error}"] if row.error else []), *(f"  finding: {each}" for each in row.findings)]


@click.command("check-system")
@click.argument("url")
@click.option("--system", "code", required=True, help="Its code, which is in the audience that it verifies.")
def check_system(url: str, code: str) -> None:
    """Try whether the booking system at URL does what docs/appointment_systems.md says, as this platform asks it.

    It books a free time and gives it up. Exit code 1: something is to be mended. The system has to trust this
    platform's keys; a department may have one of its own for that, by `make run`.

    \b
    Example:
      yiwang appointments check-system http://127.0.0.1:9103/booking --system hospital
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    settings = existing()

    async def ring(session: AsyncSession) -> KeyRing:
        return await load(session, open_keys(settings).cipher, _CLOCK)

    keys = transaction(ring)
    signer = Signer(issuer(settings), _CLOCK, lambda: keys)
    client = Client(code, url, signer, parse_networks(settings.upstream_networks or ("127.0.0.0/8",)))
    defects: list[Defect] = asyncio.run(Check(client, _CLOCK.now(), time.monotonic).run())
    for each in defects:
        click.echo(f"{each.where}: {each.what}\n    {each.fix}")
    click.echo(f"{len(defects)} to mend." if defects else "It does what it should.", err=True)
    raise SystemExit(1 if defects else 0)
