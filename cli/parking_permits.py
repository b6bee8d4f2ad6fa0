"""``yiwang parking permits``: a file of permits, such as an operator's season tickets, is assigned at once."""

import hashlib
import sys
from pathlib import Path

import click
from sqlmodel.ext.asyncio.session import AsyncSession

from cli.transaction import existing, transaction
from cli.who import operator, record
from flows.parking.gathering import Deps
from flows.parking.permit_file import Assigned, load_permits
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from services_catalog.organisations.errors import FileRefusedError
from services_catalog.organisations.sheets import ENCODINGS

_CLOCK = SystemClock()


@click.command("permits", short_help="Assign the permits of a file to plates.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--encoding", type=click.Choice(ENCODINGS), default="utf-8", show_default=True)
def permits(file: Path, encoding: str, *, dry_run: bool) -> None:
    """Assign season tickets, residents' and disabled permits of a CSV FILE; what holds already stays as it is.

    The columns are operator, lot (empty: all of its lots), plate, permit (one of the tariff's), since and until (the
    first moment without it; empty: until it is ended). The whole file is checked; every defect is listed with its line,
    and then nothing changes. A permit that is to begin in the past begins now.

    \b
    Example:
      operator,lot,plate,permit,since,until
      yunzhou-garages,101,沪A12345,season,2027-01-01,2028-01-01
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        done = _loaded(data, encoding, dry_run=dry_run)
    except FileRefusedError as error:
        for finding in error.findings:
            click.echo(f"{file}:{finding.line}: error: {finding.message}\n    {finding.fix}", err=True)
        raise click.ClickException(f"The file has {len(error.findings):,} defects; nothing was changed.") from error
    would = "would be assigned" if dry_run else "assigned"
    click.echo(f"{done.new:,} {would}, {done.known:,} as they were.", err=True)


def _loaded(data: bytes, encoding: str, *, dry_run: bool) -> Assigned:
    keys = open_keys(existing())

    async def work(session: AsyncSession) -> Assigned:
        done = await load_permits(Deps(session, _CLOCK, keys), operator(), data, encoding)
        if done.new:
            file = f"permit_file:{hashlib.sha256(data).hexdigest()}"
            await record(session, _CLOCK, "parking_permit.loaded", file, assigned=done.new)
        return done

    return transaction(work, dry_run=dry_run)
