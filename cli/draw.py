"""``yiwang draw``: anybody recomputes who came first at a release, from what is published."""

import sys
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import click
import msgspec

from flows.appointments.draw.ranking import Draw, findings
from kernel.clock import rfc3339

_SECONDS = 30


@click.group(short_help="Recompute the draw of a release of appointments.")
def draw() -> None:
    """Check who came first where a day's appointments were released by lot. Needs no platform of one's own."""


@draw.command("verify")
@click.argument("source")
@click.option("--receipt", "receipts", multiple=True, help="An entry's id that must be among the entries.")
def verify(source: str, receipts: tuple[str, ...]) -> None:
    """Recompute the draw at SOURCE: the address of /appointments/draws/RELEASE, a file of it, or - for standard input.

    The seed must be the one that was committed to before anybody came, and the entries in the order that it gives.

    \b
    Example:
      yiwang draw verify https://city.example/appointments/draws/marriage.20261201T0100Z --receipt 6f1c…
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    try:
        read = msgspec.json.decode(_read(source), type=Draw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{source} is no published draw: {error}") from error
    if not read.seed:
        raise click.ClickException(f"{read.release} is not drawn yet: come back after {rfc3339(read.closes_at)}.")
    wrong = findings(read, receipts)
    for each in wrong:
        click.echo(each, err=True)
    if wrong:
        raise click.ClickException(f"The draw {read.release} is not as it should be.")
    click.echo(f"{read.release}: {len(read.entries)} entries, in the order that the committed seed gives.")
    for each in receipts:
        click.echo(f"{each}: rank {read.entries.index(each) + 1}")


def _read(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read()
    if source.startswith(("https://", "http://")):
        try:
            with urlopen(source, timeout=_SECONDS) as answer:  # noqa: S310 - of the two schemes above
                data: bytes = answer.read()
                return data
        except HTTPError as error:
            said = error.read(2000).decode(errors="replace")
            raise click.ClickException(f"{source} answers {error.code}: {said}") from error
        except URLError as error:
            raise click.ClickException(f"{source} cannot be read: {error.reason}") from error
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise click.ClickException(f"{source} cannot be read: {error.strerror}") from error
