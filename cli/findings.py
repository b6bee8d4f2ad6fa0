"""How defects of a file are printed: a line of the file each, with what is wrong and how to mend it."""

import click

from supergraph.findings import Finding


def tell(file: str, line: int, finding: Finding) -> None:
    """Print one to the screen's error stream, as editors and compilers know it: ``file:line: …``."""
    click.echo(
        f"{file}:{line}: {finding.level} {finding.pointer or '/'}: {finding.message}\n    {finding.fix}", err=True
    )
