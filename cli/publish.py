"""``yiwang publish``: a department's API document becomes part of the graph; ``yiwang services``: what is live."""

import os
import shlex
from datetime import datetime
from pathlib import Path
from typing import Literal

import click
import msgspec
from msgspec import Struct

from cli import publish_entries
from cli.documents import DocumentFiles
from cli.entry_files import Gateway
from cli.gateway_client import RefusedError, call, gateway_option, show_changes, show_findings, token_option
from services_catalog.bundle import Bundle, is_inside
from services_catalog.errors import ManifestError
from services_catalog.manifest import Manifest
from services_catalog.manifest_file import line_of, read_text
from supergraph.diff import Change
from supergraph.findings import Finding
from supergraph.openapi import compile_document
from supergraph.openapi.load import LoadError, decoded


class _Publication(Struct):
    status: Literal["published", "unchanged", "checked"]
    version: int | None
    offered: int
    operations: tuple[str, ...]
    typed: int
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...]
    example: str
    milliseconds: float


class _Service(Struct):
    name: str
    department: str
    version: int
    operations: int
    live_since: datetime


@click.command(short_help="Make a department's API part of the graph.")
@click.argument("manifest", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@gateway_option
@token_option
@click.option("--force", is_flag=True, help="Publish although it breaks those who use the service today.")
@click.option("--dry-run", is_flag=True, help="Compile and compare only; nothing goes live.")
def publish(manifest: Path, gateway: str, token: str, *, force: bool, dry_run: bool) -> None:
    """Publish the service that MANIFEST (service.yaml, see docs/publishing.md) describes.

    Then the entries of the catalogue that it names (`entries:`) are drafted and submitted, as far as they say anything
    new; the output says who can review them.

    Exit code 0: it is live, unchanged, or (--dry-run) fit to be published. 1: refused, with the reasons; what was
    live stays live, and where only an entry was refused, the API is live. 2: the command line is wrong.
    """
    described = _manifest(manifest)
    sheets = publish_entries.read(manifest.parent, described.entries)
    submission = {
        "manifest": msgspec.to_builtins(msgspec.structs.replace(described, entries=())),  # they are no part of the API
        "bundle": gather(manifest.parent, described),
        "force": force,
        "dry_run": dry_run,
    }
    try:
        publication = call(gateway, "/publish", _Publication, submission, token)
    except RefusedError as error:
        show_findings(error.refusal.findings)
        show_changes(error.refusal.changes)
        raise
    _show(described.name, publication, gateway)
    good = (
        publish_entries.check(Gateway(gateway, token), sheets, publication.operations)
        if dry_run
        else publish_entries.bring(Gateway(gateway, token), sheets)
    )
    if not good:
        raise SystemExit(1)


@click.command(short_help="List the live services.")
@gateway_option
def services(gateway: str) -> None:
    """List every live service: name, department, version, operations, since when."""
    lines = [("service", "department", "version", "operations", "live since")]
    for each in call(gateway, "/services", list[_Service]):
        since = each.live_since.astimezone().strftime("%Y-%m-%d %H:%M")
        lines.append((each.name, each.department, str(each.version), str(each.operations), since))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def gather(folder: Path, manifest: Manifest) -> Bundle:
    """Return the document and the files it refers to, none from outside the manifest's folder.

    What a document refers to is what its compiler reads; so it is compiled here, too. A file that is no text cannot be
    sent: then what the compiler finds is shown, and nothing is published.
    """
    files, bundle = DocumentFiles(folder / "service.yaml", below=True), dict[str, str]()
    unreadable: list[str] = []

    def read(path: str) -> bytes:
        if not is_inside(path):
            raise ValueError("it lies outside the folder of the manifest")
        data = files(path)
        try:
            bundle[path] = decoded(data)
        except LoadError:
            unreadable.append(path)
        return data

    try:
        read(manifest.document)
    except (OSError, ValueError) as error:
        raise click.UsageError(f"the document {manifest.document!r} cannot be read: {error}") from error
    compiled = compile_document(manifest.document, read, service=manifest.name, settings=manifest.operations)
    if unreadable:
        show_findings(compiled.findings)
        raise click.ClickException(f"these files are no text in UTF-8: {', '.join(dict.fromkeys(unreadable))}")
    return bundle


def _manifest(path: Path) -> Manifest:
    data = path.read_bytes()
    try:
        return read_text(data, os.environ)
    except ManifestError as error:
        for finding in error.findings:
            click.echo(
                f"{path}:{line_of(data, finding.pointer)}: {finding.pointer or '/'}: {finding.message}", err=True
            )
            click.echo(f"    {finding.fix}", err=True)
        raise SystemExit(1) from error


def _show(service: str, publication: _Publication, gateway: str) -> None:
    state = {
        "published": f"version {publication.version} is live",
        "unchanged": f"nothing has changed; version {publication.version} stays live",
        "checked": "fit to be published; nothing was changed",
    }[publication.status]
    click.echo(f"{service}: {state} ({publication.milliseconds:.0f} ms)")
    click.echo(f"{len(publication.operations)} of {publication.offered} operations, {publication.typed} fully typed")
    if publication.changes:
        click.echo(f"{len(publication.changes)} changes:")
        show_changes(publication.changes)
    if publication.findings:
        click.echo(f"{len(publication.findings)} findings:")
        show_findings(publication.findings)
    if publication.status != "checked" and publication.example:
        body = msgspec.json.encode({"query": publication.example}).decode()
        click.echo(f"Try it:\n  curl -s {gateway}/graphql -H 'content-type: application/json' -d {shlex.quote(body)}")
