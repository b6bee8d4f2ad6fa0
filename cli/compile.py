"""`yiwang compile`: what of an API document becomes part of the graph, and what to mend."""

import re
import time
from collections import Counter
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from cli.documents import DocumentFiles, service_name
from supergraph.findings import Finding
from supergraph.names import is_legal
from supergraph.openapi import Compilation, compile_document
from supergraph.sdl import print_slice

_SHOWN_FINDINGS = 20  # of one document without --all; one defect repeated says no more


class Outcome(Struct, frozen=True):
    """One document's line of ``--json``."""

    document: str
    compiled: bool
    offered: int
    operations: int
    typed: int
    findings: tuple[Finding, ...]
    ms: float


@click.command("compile", short_help="Show what of an API document will work, and what to mend.")
@click.argument("documents", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DOCUMENT...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--sdl", is_flag=True, help="Print the graph's types instead.")
@click.option("--service", default="", help="The service's name; otherwise made from the file's name.")
@click.option("--all", "all_findings", is_flag=True, help=f"Print all findings, not only {_SHOWN_FINDINGS}.")
def compile_command(documents: tuple[Path, ...], *, as_json: bool, sdl: bool, service: str, all_findings: bool) -> None:
    """Compile OpenAPI 3.0, 3.1 and Swagger 2.0 documents, in JSON or YAML, and say what there is to mend.

    Nothing is published. DOCUMENT is a file; of a document in several files it is the one with the paths. The exit
    code is 1 if any document does not compile.

    \b
    Examples:
      yiwang compile openapi.yaml
      yiwang compile openapi.yaml --sdl --service parking
      yiwang compile apis/*.yaml --json
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    if service and not is_legal(service):
        raise click.UsageError(f"--service {service!r} is no GraphQL name; use letters and digits, such as parking")
    outcomes = []
    for path in documents:
        outcome, compilation = _compile(path, service or service_name(path))
        outcomes.append(outcome)
        if as_json:
            click.echo(msgspec.json.encode(outcome).decode())
        elif sdl and compilation.slice is not None:
            click.echo(print_slice(compilation.slice), nl=False)
        else:
            _show(outcome, all_findings=all_findings)
    if not as_json and not sdl and len(outcomes) > 1:
        _show_summary(outcomes)
    if not all(outcome.compiled for outcome in outcomes):
        raise SystemExit(1)


def _compile(path: Path, service: str) -> tuple[Outcome, Compilation]:
    start = time.perf_counter()
    compilation = compile_document(path.name, DocumentFiles(path), service=service)
    milliseconds = (time.perf_counter() - start) * 1000
    return Outcome(
        document=str(path),
        compiled=compilation.slice is not None,
        offered=compilation.offered,
        operations=compilation.operations,
        typed=compilation.typed,
        findings=compilation.findings,
        ms=round(milliseconds, 1),
    ), compilation


def _show(outcome: Outcome, *, all_findings: bool) -> None:
    mark = click.style("ok ", fg="green") if outcome.compiled else click.style("no ", fg="red")
    click.echo(f"{mark} {outcome.document}: {_counts(outcome)} ({outcome.ms:.0f} ms)")
    shown = outcome.findings if all_findings else outcome.findings[:_SHOWN_FINDINGS]
    for finding in shown:
        colour = "red" if finding.level == "error" else "yellow"
        click.echo(f"   {click.style(finding.level, fg=colour)} at {finding.pointer or 'the document'}")
        click.echo(f"      {_sentence(finding.message)} {_sentence(finding.fix)}")
    if len(outcome.findings) > len(shown):
        click.echo(f"   and {len(outcome.findings) - len(shown)} more; --all shows them")


def _counts(outcome: Outcome) -> str:
    if not outcome.compiled:
        return "not compiled"
    return f"{outcome.operations} of {outcome.offered} operations, {outcome.typed} fully typed"


def _sentence(text: str) -> str:
    line = re.sub(r"\s+", " ", text).strip()
    return line if line.endswith((".", "?", "!")) else f"{line}."


def _show_summary(outcomes: list[Outcome]) -> None:
    compiled = sum(outcome.compiled for outcome in outcomes)
    offered, operations, typed = (
        sum(getattr(outcome, name) for outcome in outcomes) for name in ("offered", "operations", "typed")
    )
    levels = Counter(finding.level for outcome in outcomes for finding in outcome.findings)
    slowest = max(outcomes, key=lambda outcome: outcome.ms)
    click.echo(
        f"\n{compiled} of {len(outcomes)} documents compiled: {operations} of {offered} operations, {typed} fully typed"
        f"\n{levels['error']} errors, {levels['warning']} warnings; "
        f"{sum(outcome.ms for outcome in outcomes) / 1000:.1f} s, the slowest {slowest.ms:.0f} ms ({slowest.document})"
    )
