"""``yiwang entry``: departments write, check and submit what the catalogue says of their services; others review it."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from cli import entry_bulk, entry_files, entry_probes, entry_views
from cli.entry_files import Gateway, broken, checked, from_paths, read_all, show_checked, show_rules, show_standing
from cli.gateway_client import RefusedError, gateway_option, token_option
from kernel.clock import CHINA

_FILES = click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
_CODES = click.argument("codes", nargs=-1, required=True, metavar="CODE...")
_CODE = click.argument("code")
_reason = click.option("--reason", default="", help="Why; it stands in the entry's history.")
_needed_reason = click.option("--reason", required=True, help="Why; it stands in the entry's history.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_TIMES = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d"]


def _asking(function: Any) -> Any:
    return gateway_option(token_option(function))


@click.group(short_help="Write, check, submit and review the catalogue's entries.")
def entry() -> None:
    """The catalogue's entries: what residents read of a service, and what opens it.

    An entry is a file (YAML or JSON; docs/catalogue.md describes every field). It becomes a draft, is submitted and
    checked by the rules, reviewed by somebody else, and published. What is public stays until a new version takes its
    place. Roles at organisations say who may do what: yiwang role.

    \b
    A department:
      yiwang entry check *.yaml            every finding with its line, nothing stored: for your CI
      yiwang entry draft parking.yaml      write it down; the same file again changes nothing
      yiwang entry submit 000111002000     freeze it and have it reviewed
      yiwang publish service.yaml          API and entries together (`entries:` in the manifest)
    A reviewer:
      yiwang entry inbox
      yiwang entry approve 000111002000
      yiwang entry reject 000111002000 --field fee="the law is missing"
      yiwang entry publish 000111002000
    Both:
      yiwang entry export --format csv > entries.csv
      yiwang entry import entries.csv --dry-run
      yiwang entry show 000111002000
      yiwang entry history 000111002000
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold


@entry.command("check")
@_FILES
@_asking
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@_json
def check(files: tuple[Path, ...], gateway: str, token: str, *, strict: bool, as_json: bool) -> None:
    """Do all that submitting would, but the storing. Files are checked together: parents may be among them.

    Exit code 0: all may be submitted. 1: a rule is broken, or something cannot be read or stored. 2: the command line
    is wrong.
    """
    sheets = read_all(from_paths(files))
    answers = checked(Gateway(gateway, token), sheets)
    if as_json:
        click.echo(msgspec.json.encode(answers).decode())
        good = not any(each.error or broken(each.findings) for each in answers)
    else:
        good = show_checked(sheets, answers)
    if not good or (strict and any(each.findings for each in answers)):
        raise SystemExit(1)


@entry.command("draft")
@_FILES
@_asking
@_json
def draft(files: tuple[Path, ...], gateway: str, token: str, *, as_json: bool) -> None:
    """Write entries down as drafts, in place of the drafts there are. What says nothing new makes no version."""
    for sheet in read_all(from_paths(files)):
        standing = entry_files.draft(Gateway(gateway, token), sheet)
        if not as_json:
            show_rules(sheet, standing.findings)
        show_standing(standing, as_json=as_json)


@entry.command("submit")
@_CODES
@_asking
@_json
def submit(codes: tuple[str, ...], gateway: str, token: str, *, as_json: bool) -> None:
    """Freeze drafts and have them checked; what passes waits for review."""
    _steps(Gateway(gateway, token), codes, "submit", as_json=as_json)


@entry.command("recall")
@_CODES
@_asking
@_json
def recall(codes: tuple[str, ...], gateway: str, token: str, *, as_json: bool) -> None:
    """Take versions back to be edited, until they are published."""
    _steps(Gateway(gateway, token), codes, "recall", as_json=as_json)


@entry.command("take")
@_CODES
@_asking
@_json
def take(codes: tuple[str, ...], gateway: str, token: str, *, as_json: bool) -> None:
    """Begin reviews: nobody else decides on them meanwhile."""
    _steps(Gateway(gateway, token), codes, "take", as_json=as_json)


@entry.command("release")
@_CODES
@_asking
@_json
def release(codes: tuple[str, ...], gateway: str, token: str, *, as_json: bool) -> None:
    """Give reviews back, so that others can take them: your own, or as an owner anybody's."""
    _steps(Gateway(gateway, token), codes, "release", as_json=as_json)


@entry.command("approve")
@_CODES
@_asking
@_reason
@_json
def approve(codes: tuple[str, ...], gateway: str, token: str, reason: str, *, as_json: bool) -> None:
    """Approve versions under review; nobody approves what they took part in."""
    _steps(Gateway(gateway, token), codes, "approve", {"reason": reason}, as_json=as_json)


@entry.command("reject")
@_CODE
@click.option("--field", "fields", multiple=True, metavar='NAME="WHY"', help="What is wrong with a field; repeatable.")
@_reason
@_asking
@_json
def reject(code: str, gateway: str, token: str, *, fields: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Send a version back with reasons, by field or for the whole.

    \b
    Example:
      yiwang entry reject 000111002000 --field fee="name the law" --field name="not what the law calls it"
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    reasons = {}
    for each in fields:
        name, equals, why = each.partition("=")
        if not equals or not why.strip():
            raise click.BadParameter(f'{each!r} is not NAME="WHY", such as fee="name the law"', param_hint="--field")
        reasons[name.strip().removeprefix("/")] = why.strip()
    _steps(Gateway(gateway, token), [code], "reject", {"reasons": reasons, "reason": reason}, as_json=as_json)


@entry.command("schedule")
@_CODE
@click.option(
    "--at",
    required=True,
    metavar="YYYY-MM-DD[ HH:MM]",
    type=click.DateTime(_TIMES),
    help="In China's time: 2027-07-01, or with a time.",
)
@_asking
@_json
def schedule(code: str, at: datetime, gateway: str, token: str, *, as_json: bool) -> None:
    """Have an approved version published at a time to come; the rules are asked once more then."""
    when = at.replace(tzinfo=CHINA).isoformat()
    _steps(Gateway(gateway, token), [code], "schedule", {"at": when}, as_json=as_json)


@entry.command("publish")
@_CODES
@_asking
@_reason
@_json
def publish(codes: tuple[str, ...], gateway: str, token: str, reason: str, *, as_json: bool) -> None:
    """Make approved versions public now, in place of what is public."""
    _steps(Gateway(gateway, token), codes, "publish", {"reason": reason}, as_json=as_json)


@entry.command("suspend")
@_CODES
@_asking
@_needed_reason
@_json
def suspend(codes: tuple[str, ...], gateway: str, token: str, reason: str, *, as_json: bool) -> None:
    """Take entries, and what inherits from them, off at once."""
    _steps(Gateway(gateway, token), codes, "suspend", {"reason": reason}, as_json=as_json)


@entry.command("resume")
@_CODES
@_asking
@_reason
@_json
def resume(codes: tuple[str, ...], gateway: str, token: str, reason: str, *, as_json: bool) -> None:
    """Show suspended entries again."""
    _steps(Gateway(gateway, token), codes, "resume", {"reason": reason}, as_json=as_json)


@entry.command("withdraw")
@_CODES
@_asking
@_needed_reason
@_json
def withdraw(codes: tuple[str, ...], gateway: str, token: str, reason: str, *, as_json: bool) -> None:
    """Take entries off for good; a new version can come later."""
    _steps(Gateway(gateway, token), codes, "withdraw", {"reason": reason}, as_json=as_json)


def _steps(
    gateway: Gateway, codes: Any, step: str, body: dict[str, object] | None = None, *, as_json: bool = False
) -> None:
    """Take a step of each entry; the first refusal ends it, with its findings."""
    for code in codes:
        try:
            show_standing(gateway.step(code, step, body), as_json=as_json)
        except RefusedError as error:
            for each in error.refusal.details.findings:
                click.echo(f"{code}: {each.level} {each.rule} {each.pointer or '/'}: {each.message}\n    {each.fix}")
            raise


for command in (*entry_views.COMMANDS, *entry_probes.COMMANDS, *entry_bulk.COMMANDS):
    entry.add_command(command)
