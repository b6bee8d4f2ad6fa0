"""What commands that load a file share: reading it, printing its defects by line, and printing what changed."""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from kernel.rows import Change
from services_catalog.manifest_file import line_of
from services_catalog.strict_file import Located
from supergraph.findings import Finding

_File = TypeVar("_File")


def read_file(file: Path, read: Callable[[bytes], tuple[_File | None, Sequence[Located]]]) -> tuple[_File, bytes]:
    """Return what a file (``-``: standard input) says, and its bytes. Raises ClickException after its defects."""
    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    found, defects = read(data)
    if found is None:
        raise _refused(file, defects)
    return found, data


def contradicted(file: Path, data: bytes, findings: Iterable[Finding]) -> click.ClickException:
    """Print what speaks against a file that is well-formed, and return the refusal."""
    return _refused(file, [Located(line_of(data, each.pointer), each) for each in findings])


def tell(file: str, line: int, finding: Finding) -> None:
    """Print one to the screen's error stream, as editors and compilers know it: ``file:line: …``."""
    click.echo(
        f"{file}:{line}: {finding.level} {finding.pointer or '/'}: {finding.message}\n    {finding.fix}", err=True
    )


def tell_changes(changes: Sequence[Change], *, dry_run: bool) -> None:
    """Print what a load has changed, or would."""
    for change in changes:
        click.echo(f"{change.what}  {change.how}")
    would = "would change" if dry_run else "changed"
    click.echo(f"{len(changes)} {would}." if changes else "Everything is as the file says.", err=True)


def _refused(file: Path, defects: Sequence[Located]) -> click.ClickException:
    for line, finding in defects:
        tell(str(file), line, finding)
    return click.ClickException(f"The file has {len(defects)} defects; nothing was changed.")
