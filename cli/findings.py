"""What commands that load a file share: reading it, printing its defects by line, and printing what changed."""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from kernel.rows import Change
from services_catalog.strict_file import Located, located
from supergraph.findings import Finding

_File = TypeVar("_File")


def read_file(file: Path, read: Callable[[bytes], tuple[_File | None, Sequence[Located]]]) -> tuple[_File, bytes]:
    """Return what a file (``-``: standard input) says, and its bytes. Raises ClickException after its defects."""
    data = bytes_of(file)
    found, defects = read(data)
    if found is None:
        raise _refused(file, defects)
    return found, data


def bytes_of(file: Path) -> bytes:
    """Return what is in a file (``-``: standard input)."""
    return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()


def contradicted(file: Path, data: bytes, findings: Iterable[Finding]) -> click.ClickException:
    """Print what is wrong with a file, by its places, and return the refusal."""
    return _refused(file, located(data, findings))


def tell(file: str, line: int, finding: Finding, where: str = "") -> None:
    """Print one to the screen's error stream, as editors and compilers know it: ``file:line: …``."""
    place = f"{finding.pointer or '/'}{f' ({where})' if where else ''}"
    click.echo(f"{file}:{line}: {finding.level} {place}: {finding.message}\n    {finding.fix}", err=True)


def tell_changes(changes: Sequence[Change], *, dry_run: bool) -> None:
    """Print what a load has changed, or would."""
    for change in changes:
        click.echo(f"{change.what}  {change.how}")
    would = "would change" if dry_run else "changed"
    click.echo(f"{len(changes)} {would}." if changes else "Everything is as the file says.", err=True)


def _refused(file: Path, defects: Sequence[Located]) -> click.ClickException:
    for line, finding, where in defects:
        tell(str(file), line, finding, where)
    number = "1 defect" if len(defects) == 1 else f"{len(defects)} defects"
    return click.ClickException(f"The file has {number}; nothing was changed.")
