"""``yiwang organisation``: the operator loads, reads and changes the tree of the city's organisations."""

import hashlib
import sys
from datetime import date, datetime
from pathlib import Path
from typing import cast

import click
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from cli.transaction import changing, transaction
from cli.who import operator, record
from kernel.clock import CHINA, SystemClock
from services_catalog import reorganising
from services_catalog.organisations import loading, questions
from services_catalog.organisations.errors import FileRefusedError
from services_catalog.organisations.history import Author
from services_catalog.organisations.questions import Only, View
from services_catalog.organisations.responsibility_file import read_responsibilities
from services_catalog.organisations.responsible import set_responsibilities
from services_catalog.organisations.sheets import ENCODINGS
from services_catalog.organisations.tables import Organisation, OrganisationChange, Responsibility
from services_catalog.organisations.tree_file import write_tree
from services_catalog.organisations.words import KINDS, LINES, TIERS, Kind, Line, Tier

_CLOCK = SystemClock()
_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
_encoding = click.option("--encoding", type=click.Choice(ENCODINGS), default="utf-8", show_default=True)
_line = click.option(
    "--line", type=click.Choice(LINES), default="administrative", show_default=True, help="Which line."
)
_day = click.DateTime(["%Y-%m-%d"])
_effective = click.option(
    "--effective", metavar="YYYY-MM-DD", type=_day, help="The day from which on it is so; today, if left out."
)
_FINDINGS_SHOWN = 50


@click.group(short_help="Load, read and change the tree of the city's organisations.")
def organisation() -> None:
    """The city's organisations: who stands below whom, by government and by ministry, today and on any day.

    \b
    Examples:
      yiwang organisation load tree.csv --dry-run    what is wrong with a file, or what it would change
      yiwang organisation load tree.csv              the same for good; the same file again changes nothing
      yiwang organisation find 青山镇                codes by names
      yiwang organisation show 990101003             one, with what is above and below it and what became of it
      yiwang organisation move 990101003 --to 990102 --effective 2026-07-01
      yiwang organisation merge 990101004 --into 990101003

    docs/organisations.md describes the file and what a move or a merge does.
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold


@organisation.command("load")
@click.argument("file", type=_FILE)
@click.option("--dry-run", is_flag=True, help="Check it and say what would change, and change nothing.")
@_encoding
def load_(file: Path, encoding: str, *, dry_run: bool) -> None:
    """Add the organisations of a CSV file, and change those that differ. Others stay as they are.

    The whole file is checked first; every defect is listed with its line, and then nothing changes (exit code 1).
    What moved moves today: enter a move of an earlier day by `move --effective` before.
    """
    data, author = _read(file), Author(operator(), _today())
    found: list[loading.Loaded] = []

    async def work(session: AsyncSession) -> int | None:
        loaded, revision = await reorganising.load(session, _CLOCK, author, data, encoding=encoding, progress=_progress)
        found.append(loaded)
        return revision

    try:
        changing(work, dry_run=dry_run)
    except FileRefusedError as error:
        _refuse(error)
    if dry_run:
        click.echo("Nothing was changed: this was a dry run.", err=True)
    loaded = found[0]
    changes = ", ".join(f"{kind} {number:,}" for kind, number in sorted(loaded.changes.items()) if kind != "added")
    more = f" ({changes})" if changes else ""
    click.echo(f"{loaded.added:,} added, {loaded.changed:,} changed{more}, {loaded.unchanged:,} as they were.")


@organisation.command("responsibilities")
@click.argument("file", type=_FILE)
@_encoding
def responsibilities(file: Path, encoding: str) -> None:
    """Add from a CSV file who answers for what: organisation, matter, valid_from and valid_to (may be empty).

    A matter is the code of a generic item or of a topic. To end one, send its line again with valid_to.
    """
    data = _read(file)

    async def work(session: AsyncSession) -> int:
        rows = await read_responsibilities(session, data, encoding)
        await set_responsibilities(session, rows)
        digest = hashlib.sha256(data).hexdigest()
        await record(session, _CLOCK, "responsibility.set", f"responsibility_file:{digest}", rows=len(rows))
        return len(rows)

    try:
        click.echo(f"{transaction(work):,} responsibilities are set.")
    except FileRefusedError as error:
        _refuse(error)


@organisation.command("export")
@_encoding
def export(encoding: str) -> None:
    """Write every organisation, open or closed, to standard output, as `load` reads it."""
    text = write_tree(transaction(loading.exported))
    sys.stdout.buffer.write(text.encode(encoding))


@organisation.command("find")
@click.argument("text")
def find(text: str) -> None:
    """List organisations whose code begins with TEXT, or whose name has it; up to 50."""
    name = or_(
        *(col(each).icontains(text, autoescape=True) for each in (Organisation.name_zh, Organisation.name_en)),
        col(Organisation.code).istartswith(text, autoescape=True),
    )
    query = select(Organisation).where(name).order_by(col(Organisation.path)).limit(_FINDINGS_SHOWN)

    async def work(session: AsyncSession) -> list[Organisation]:
        return list((await session.exec(query)).all())

    rows = transaction(work)
    for row in rows:
        click.echo(_shown(row))
    if not rows:
        raise click.ClickException(f"No organisation has {text!r} in its name, or a code that begins with it.")


@organisation.command("show")
@click.argument("code")
@click.option("--as-of", metavar="YYYY-MM-DD", type=_day, help="As the tree stood on this day; today, if left out.")
@_line
@click.option("--tier", type=click.Choice(TIERS), help="Of what is below, only this tier.")
@click.option("--kind", type=click.Choice(KINDS), help="Of what is below, only this kind.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Of what is below, so many.")
def show(code: str, as_of: datetime | None, line: str, limit: int, *, tier: str | None, kind: str | None) -> None:
    """Show what is above and below an organisation on a day, what it answers for, and all that became of it."""
    view = View(as_of.date() if as_of else _today(), cast("Line", line))
    only = Only(cast("Tier | None", tier), cast("Kind | None", kind))

    async def work(session: AsyncSession) -> None:
        row = await questions.find(session, code)
        if row.valid_to is None or view.day < row.valid_to:
            for above in await questions.ancestors(session, view, code):
                click.echo(f"above   {_shown(above)}")
        click.echo(f"        {_shown(row)}")
        if row.valid_to is None or view.day < row.valid_to:
            page = await questions.subtree(session, view, code, only, limit=limit)
            for each in page.organisations:
                if each.code != code:
                    click.echo(f"below   {_shown(each)}")
            click.echo(f"        {await questions.count(session, view, code, only):,} with itself")
        await _show_more(session, code)

    transaction(work)


@organisation.command("move")
@click.argument("code")
@click.option("--to", "parent", required=True, metavar="CODE", help="Below which; - makes it a root of the line.")
@_line
@_effective
def move_(code: str, parent: str, line: str, effective: datetime | None) -> None:
    """Move an organisation, and all below it, below another one. The past stays as it was."""
    author, target = _author(effective), None if parent == "-" else parent
    changing(lambda session: reorganising.move(session, _CLOCK, author, code, target, line=cast("Line", line)))
    click.echo(f"{code} is below {target or 'nothing'} on the {line} line from {author.effective} on.")


@organisation.command("merge")
@click.argument("code")
@click.option("--into", "successor", required=True, metavar="CODE", help="The successor.")
@_effective
def merge_(code: str, successor: str, effective: datetime | None) -> None:
    """Close an organisation; its successor has what is below it, its roles, matters, entries and departments."""
    author = _author(effective)
    changing(lambda session: reorganising.merge(session, _CLOCK, author, code, successor))
    click.echo(f"{code} is merged into {successor} from {author.effective} on.")


@organisation.command("close")
@click.argument("code")
@_effective
def close_(code: str, effective: datetime | None) -> None:
    """Close an organisation that nothing stands below and that offers nothing. It stays readable as of earlier days."""
    author = _author(effective)
    transaction(lambda session: reorganising.close(session, _CLOCK, author, code))
    click.echo(f"{code} is closed from {author.effective} on.")


async def _show_more(session: AsyncSession, code: str) -> None:
    matters = select(Responsibility).where(Responsibility.organisation == code)
    for held in (await session.exec(matters.order_by(Responsibility.matter))).all():
        click.echo(f"matter  {held.matter}")
    changes = select(OrganisationChange).where(OrganisationChange.organisation == code)
    for each in (await session.exec(changes.order_by(col(OrganisationChange.id)))).all():
        differ = ", ".join(f"{name}: {each.before.get(name)} → {value}" for name, value in each.after.items())
        click.echo(f"change  {each.effective}  {each.change}  {differ}  by {each.actor}")


def _shown(row: Organisation) -> str:
    end = f"  closed {row.valid_to}" if row.valid_to else ""
    successor = f", merged into {row.merged_into}" if row.merged_into else ""
    return f"{row.code}  {row.name_zh}  {row.tier}  {row.kind}{end}{successor}"


def _author(effective: datetime | None) -> Author:
    return Author(operator(), effective.date() if effective else _today())


def _today() -> date:
    return _CLOCK.now().astimezone(CHINA).date()


def _read(file: Path) -> bytes:
    return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()


def _progress(message: str) -> None:
    if sys.stderr.isatty():
        click.echo(message, err=True)


def _refuse(error: FileRefusedError) -> None:
    for finding in error.findings[:_FINDINGS_SHOWN]:
        click.echo(str(finding))
    more = len(error.findings) - _FINDINGS_SHOWN
    rest = f" {more:,} more are not shown." if more > 0 else ""
    raise click.ClickException(f"The file has {len(error.findings):,} defects; nothing was changed.{rest}")
