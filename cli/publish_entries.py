"""The entries that a manifest names: read and checked with the API document, drafted and submitted after it is live."""

import posixpath
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from cli import entry_files
from cli.documents import DocumentFiles
from cli.entry_files import Gateway, Sheet, broken, checked, read_all, show_checked, show_rules, show_standing
from cli.gateway_client import RefusedError
from services_catalog.entries.rule import Finding
from services_catalog.lifecycle.answers import Standing

_PARENTS = "E02-parents"
_ON_ITS_WAY = {"submitted", "checked", "in_review", "approved", "scheduled"}


def read(folder: Path, paths: Iterable[str]) -> list[Sheet]:
    """Return the entries of files below a manifest's folder. Exits with every defect and its line."""
    files, found = DocumentFiles(folder / "service.yaml", below=True), []
    for path in paths:
        try:
            found.append((str(folder / path), files(posixpath.normpath(path))))
        except OSError as error:
            raise click.UsageError(f"the file of entries {path!r} cannot be read: {error}") from error
    return read_all(found) if found else []


def check(gateway: Gateway, sheets: Sequence[Sheet], coordinates: Iterable[str]) -> bool:
    """Show what would keep entries back, ``coordinates`` being what the service is about to offer; whether nothing."""
    if not sheets:
        return True
    return show_checked(sheets, checked(gateway, sheets, (_operation(each) for each in coordinates)))


def bring(gateway: Gateway, sheets: Sequence[Sheet]) -> bool:
    """Draft and submit what says something new; whether nothing was refused.

    An entry whose parent is still on its way stays a draft, which is no mistake: the next run submits it.
    """
    good = True
    stands = [each.stands for each in checked(gateway, sheets)] if sheets else []
    for sheet, state in zip(sheets, stands, strict=True):
        if state == "rejected":
            click.echo(
                f"{sheet.code}: what the file says was rejected; `yiwang entry history {sheet.code}` has the reasons"
            )
            click.echo(f"    Mend it, or have it looked at once more: yiwang entry draft {sheet.file}")
            good = False
            continue
        try:
            good &= _bring(gateway, sheet)
        except RefusedError as error:
            click.echo(f"{sheet.code}: {error.message}\n    {error.fix}")
            good = False
    return good


def _bring(gateway: Gateway, sheet: Sheet) -> bool:
    standing = entry_files.draft(gateway, sheet)
    if standing.state != "draft":
        _say_unchanged(standing)
        return True
    if _waits_for_parents(standing.findings):
        missing = "; ".join(each.message for each in standing.findings if each.rule == _PARENTS)
        click.echo(f"{sheet.code}: version {standing.number} is a draft: {missing}. Run this again then.")
        return True
    show_rules(sheet, standing.findings)
    if broken(standing.findings):
        click.echo(f"{sheet.code}: version {standing.number} is a draft, and cannot be submitted like this")
        return False
    show_standing(gateway.step(sheet.code, "submit"))
    return True


def _say_unchanged(standing: Standing) -> None:
    if standing.state in _ON_ITS_WAY:
        show_standing(standing)
    else:
        click.echo(f"{standing.code}: nothing has changed; version {standing.number} is {standing.state}")


def _waits_for_parents(findings: Sequence[Finding]) -> bool:
    errors = {each.rule for each in findings if each.level == "error"}
    return _PARENTS in errors


def _operation(coordinate: str) -> str:
    """Return ``query parking.lots`` for ``Query.parking.lots``."""
    kind, _, path = coordinate.partition(".")
    return f"{kind.lower()} {path}"
