"""``yiwang draw``: anybody recomputes who came first at a release, from what is published."""

import sys
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import click
import msgspec
from msgspec import Struct

from flows.appointments.draw.ranking import Draw, findings
from kernel.clock import rfc3339

_SECONDS = 30
_SHOWN = 2000  # bytes of what refuses


class _Refusal(Struct):
    message: str
    fix: str = ""


class _Refused(Struct):
    error: _Refusal


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
    wrong = findings(read)
    for each in wrong:
        click.echo(each, err=True)
    if wrong:
        raise click.ClickException(f"The draw {read.release} is not as it should be.")
    click.echo(f"{read.release}: {len(read.entries)} entries, in the order that the committed seed gives.")
    ranks = {each: rank for rank, each in enumerate(read.entries, 1)}
    for each in receipts:
        if each in ranks:
            click.echo(f"{each}: rank {ranks[each]}")
    if missing := [each for each in receipts if each not in ranks]:
        raise click.ClickException(
            f"The draw itself is right, but has no entry {', '.join(missing)}.\n  Look whether the receipt is copied "
            "whole (32 characters of 0-9 and a-f), and of this release. If it is, tell the city: it was left out."
        )


def _refusal(data: bytes) -> str:
    """Return what a platform says to a person, or what else answers."""
    try:
        refused = msgspec.json.decode(data, type=_Refused).error
    except msgspec.MsgspecError:
        return data.decode(errors="replace")
    return f"{refused.message.rstrip('.')}.\n  {refused.fix}"


def _read(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read()
    if source.startswith(("https://", "http://")):
        try:
            with urlopen(source, timeout=_SECONDS) as answer:  # noqa: S310 - of the two schemes above
                data: bytes = answer.read()
                return data
        except HTTPError as error:
            raise click.ClickException(f"{source} answers {error.code}: {_refusal(error.read(_SHOWN))}") from error
        except URLError as error:
            raise click.ClickException(f"{source} cannot be read: {error.reason}") from error
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise click.ClickException(f"{source} cannot be read: {error.strerror}") from error
