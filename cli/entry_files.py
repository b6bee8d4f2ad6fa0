"""Files of entries at the command line: read strictly, sent, and every finding shown with its line."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import click
import msgspec

from cli.gateway_client import RefusedError, call
from kernel.clock import CHINA
from services_catalog.entries.entry_file import Written, read_file
from services_catalog.entries.rule import Finding
from services_catalog.entries.sheet import read_sheet
from services_catalog.entries.words import LEVELS
from services_catalog.lifecycle.answers import Checked, Standing

MAX_BYTES = 32 * 2**20


class Sheet(NamedTuple):
    """A document and the file that it stands in."""

    file: str
    written: Written

    @property
    def code(self) -> str:
        return self.written.document.code


class Gateway(NamedTuple):
    """Where requests go, and as whom."""

    url: str
    token: str

    def entry(self, code: str, step: str = "") -> str:
        """Return the path of an entry, or of one of its steps."""
        return f"/entries/{quote(code, safe='')}" + (f"/{step}" if step else "")

    def step(self, code: str, name: str, body: dict[str, object] | None = None) -> Standing:
        """Take a step of an entry. Raises RefusedError."""
        return call(self.url, self.entry(code, name), Standing, body or {}, self.token)


def read_all(files: Iterable[tuple[str, bytes]]) -> list[Sheet]:
    """Return every document of files, parents before what belongs to them. Exits with 1 and every defect."""
    sheets: list[Sheet] = []
    broken = False
    for name, data in files:
        written, defects = read_sheet(data) if name.lower().endswith(".csv") else read_file(data)
        for line, finding in defects:
            broken = True
            click.echo(f"{name}:{line}: {finding.pointer or '/'}: {finding.message}\n    {finding.fix}", err=True)
        sheets += [Sheet(name, each) for each in written]
    if broken:
        raise SystemExit(1)
    if not sheets:
        raise click.UsageError("there is no entry in these files")
    return sorted(sheets, key=lambda sheet: LEVELS.index(sheet.written.document.level))


def from_paths(paths: Iterable[Path]) -> list[tuple[str, bytes]]:
    """Return files' names and bytes."""
    return [(str(path), path.read_bytes()) for path in paths]


def checked(gateway: Gateway, sheets: Sequence[Sheet], coming: Iterable[str] = ()) -> list[Checked]:
    """Ask the gateway what storing and submitting the documents would find; nothing is stored."""
    documents = [sheet.written.document for sheet in sheets]
    body = {"documents": documents, "operations": [*coming]}
    return call(gateway.url, "/entries/check", list[Checked], body, gateway.token)


def draft(gateway: Gateway, sheet: Sheet) -> Standing:
    """Store a document as a draft. What it is refused for is shown with lines; raises RefusedError."""
    path = gateway.entry(sheet.code)
    try:
        return call(gateway.url, path, Standing, sheet.written.document, gateway.token, method="PUT")
    except RefusedError as error:
        for finding in error.refusal.details.findings:
            click.echo(f"{sheet.file}:{sheet.written.line(finding.pointer)}: {finding.message}\n    {finding.fix}")
        raise


def show_checked(sheets: Sequence[Sheet], answers: Sequence[Checked]) -> bool:
    """Print what a check has found; whether all of it may be submitted."""
    for sheet, answer in zip(sheets, answers, strict=True):
        if answer.error:
            click.echo(f"{sheet.file}:{sheet.written.line('/code')}: {answer.code}: {answer.error}\n    {answer.fix}")
            continue
        show_rules(sheet, answer.findings)
        if not broken(answer.findings):
            click.echo(f"{answer.code}: {'says nothing new' if answer.stands else 'fit to be submitted'}")
    return not any(each.error or broken(each.findings) for each in answers)


def show_rules(sheet: Sheet, findings: Iterable[Finding]) -> None:
    """Print breaches of rules with their lines; what is inherited stands nowhere in the file, so its first line."""
    for each in findings:
        line = sheet.written.line(f"/fields{each.pointer}")
        click.echo(f"{sheet.file}:{line}: {each.level} {each.rule} {each.pointer or '/'}: {each.message}")
        click.echo(f"    {each.fix} ({each.reason})")


def broken(findings: Iterable[Finding]) -> bool:
    """Whether any of them keeps an entry from being submitted."""
    return any(each.level == "error" for each in findings)


def show_standing(standing: Standing, *, as_json: bool = False) -> None:
    """Print how a version stands, and who can decide next."""
    if as_json:
        click.echo(msgspec.json.encode(standing).decode())
        return
    click.echo(f"{standing.code}: version {standing.number} is {standing.state.replace('_', ' ')}{_at(standing)}")
    if standing.state == "checked":
        who = ", ".join(f"{each.holder} ({each.role} at {each.organisation})" for each in standing.reviewers)
        click.echo(f"    waits for review by {who or 'somebody: nobody has a role to; ask the operator (yiwang role)'}")


def _at(standing: Standing) -> str:
    return f" for {standing.publish_at.astimezone(CHINA):%Y-%m-%d %H:%M %z}" if standing.publish_at else ""
