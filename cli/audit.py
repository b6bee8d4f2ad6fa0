"""``yiwang audit``: verify and read the log of who did what."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from cli.transaction import platform
from kernel.audit.anchors import kept, public_keys
from kernel.audit.chain import Link
from kernel.audit.reading import Connection, Filter, head_of, newest
from kernel.audit.verify import Report, verify
from kernel.database import open_database
from kernel.settings import Settings

_T = TypeVar("_T")
_PATH = click.Path(dir_okay=False, path_type=Path)


@click.group(short_help="Verify and read the log of who did what.")
def audit() -> None:
    """Who did what, in entries that are chained by their hashes and anchored every minute.

    \b
    Examples:
      yiwang audit verify --anchors /mnt/worm/anchors.jsonl    was anything changed?
      yiwang audit show --object service:parking               what happened to a service
      yiwang audit show --actor credential:0a1b2c3d4e5f        what somebody did
      yiwang audit head                                        the newest entry, to note it elsewhere

    docs/audit.md says what is recorded, what the hashes are of, and what verification cannot see.
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold


@audit.command("verify")
@click.option(
    "--anchors", "files", type=_PATH, multiple=True, help="A file that workers keep anchors in; give all there are."
)
@click.option("--key", "keys", type=_PATH, multiple=True, help="A public key (PEM) that signs anchors; old ones too.")
@click.option("--from", "first", type=click.IntRange(min=1), default=1, metavar="SEQ", help="Begin at this entry.")
def verify_command(files: tuple[Path, ...], keys: tuple[Path, ...], first: int) -> None:
    """Verify every entry, and name those that were edited, deleted, inserted, moved, cut off or written anew.

    The exit code is 0 if nothing was, else 1. Without --anchors, the file of YIWANG_AUDIT_ANCHOR_FILE is taken, without
    --key the key of YIWANG_AUDIT_KEY_FILE, where they are. Only anchors that the database's administrators could not
    change, because they are signed or kept elsewhere, show that they cut the log's end off or wrote all of it anew.
    """

    async def work(connection: Connection, settings: Settings) -> Report:
        sources = files or _if_there(settings.audit_anchor_file)
        known = public_keys(keys or _if_there(settings.audit_key_file))
        anchors = {str(file): kept(file) for file in sources}
        newest_seq, _ = await head_of(connection)
        if first > newest_seq + 1:
            raise click.BadParameter(f"the log ends with entry {newest_seq}", param_hint="--from")
        report = await verify(connection, anchors, known, first=first, progress=_progress)
        _hints(report, signed=bool(known), outside=bool(anchors))
        return report

    report = _connected(work)
    for each in report.findings:
        place = f"entry {each.seq}" if each.last == each.seq else f"entries {each.seq} to {each.last}"
        click.echo(f"{each.kind:9}  {place}: {each.message}")
    if report.unreported:
        click.echo(f"and {report.unreported} findings more")
    covered = f"{report.anchors} anchors, the newest of entry {report.newest_anchor}"
    if report.findings:
        click.echo(f"The audit log was tampered with ({report.entries} entries, {covered}).")
        raise SystemExit(1)
    click.echo(f"The audit log is whole: {report.entries} entries from {report.first} on, {covered}.")


@audit.command("head")
def head_command() -> None:
    """Print the number and the hash of the newest entry.

    Noted where nobody can change it, on paper for one, it is an anchor: `{"seq": …, "hash": "…", "at": ""}` as a line
    of a file for `yiwang audit verify --anchors`.
    """
    seq, hash_ = _connected(lambda connection, _: head_of(connection))
    click.echo(f"{seq} {hash_.hex()}")


@audit.command("show")
@click.option("--actor", default="", help="Entries of this actor, such as credential:0a1b2c3d4e5f.")
@click.option("--object", "object_", default="", help="Entries about this, such as service:parking.")
@click.option(
    "--since", metavar="YYYY-MM-DD[THH:MM:SS]", type=click.DateTime(), help="Entries from this time (UTC) on."
)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many, the newest.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with all that is hashed.")
def show(actor: str, object_: str, since: datetime | None, limit: int, *, as_json: bool) -> None:
    """Show entries, the newest last. To show them is not to verify them."""
    wanted = Filter(actor, object_, since.replace(tzinfo=UTC) if since else None, limit)
    found = _connected(lambda connection, _: newest(connection, wanted))
    for link in found:
        click.echo(_json(link) if as_json else _line(link))
    if not found:
        click.echo("No entry is like that.", err=True)


def _json(link: Link) -> str:
    """An entry for other programs; hashes are hex."""
    values = msgspec.structs.asdict(link)
    return msgspec.json.encode(values | {"previous_hash": link.previous_hash.hex(), "hash": link.hash.hex()}).decode()


def _line(link: Link) -> str:
    what = [link.action, "" if link.result == "done" else f"({link.result})", link.object]
    told = [f"for {link.on_behalf_of}"] if link.on_behalf_of else []
    told += [f"purpose={link.purpose}"] if link.purpose else []
    told += [f"{name}={value}" for name, value in link.details.items()] if isinstance(link.details, dict) else []
    told += [f"request {link.request_id}"] if link.request_id else []
    return "  ".join([f"{link.seq:>6}", f"{link.at[:19]}Z", link.actor, *filter(None, what), ", ".join(told)]).rstrip()


def _hints(report: Report, *, signed: bool, outside: bool) -> None:
    """Say what this verification could not see."""
    if not outside:
        click.echo("No file of anchors is given: whoever could write the whole database is not found.", err=True)
    if not signed and report.anchors:
        click.echo("No key is given: signatures of anchors were not verified.", err=True)


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done:,} of {total:,} entries", err=True, nl=False)


def _if_there(path: str) -> tuple[Path, ...]:
    """The file of a setting, which only workers need to have."""
    return (Path(path),) if path and Path(path).is_file() else ()


def _connected(work: Callable[[Connection, Settings], Awaitable[_T]]) -> _T:
    """Do ``work`` with one connection to the database of YIWANG_DATABASE_URL, or of the platform of this folder."""

    async def run() -> _T:
        async with open_database(settings) as database, database.pool.acquire() as connection:
            return await work(connection, settings)

    with platform("database_url") as settings:
        return asyncio.run(run())
