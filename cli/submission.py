"""What a department submits, from its manifest and the files beside it, and what the gateway says of it."""

import os
from pathlib import Path
from typing import Any, Literal

import click
import msgspec
from msgspec import Struct

from cli.documents import DocumentFiles
from cli.gateway_client import call, show_findings
from services_catalog.bundle import Bundle, is_inside
from services_catalog.errors import ManifestError
from services_catalog.manifest import Manifest
from services_catalog.manifest_file import line_of, read_text
from supergraph.broken import Broken
from supergraph.diff import Change
from supergraph.findings import Finding
from supergraph.openapi import compile_document
from supergraph.openapi.load import LoadError, decoded
from supergraph.slice import PrivacyRule


class Publication(Struct):
    """What the gateway answers to a submission that it does not refuse."""

    service: str
    status: Literal["published", "unchanged", "checked"]
    version: int | None
    offered: int
    operations: tuple[str, ...]
    typed: int
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...]
    example: str
    milliseconds: float
    broken: tuple[Broken, ...] = ()
    needs_force: bool = False
    guarded: dict[str, PrivacyRule] = {}


def submit(manifest: Path, gateway: str, token: str, *, force: bool, dry_run: bool) -> Publication:
    """Send what a manifest describes. Raises RefusedError, GatewayUnreachableError."""
    read = described(manifest)
    submission: dict[str, Any] = {
        "manifest": msgspec.to_builtins(msgspec.structs.replace(read, entries=())),  # they are no part of the API
        "bundle": gather(manifest.parent, read),
        "force": force,
        "dry_run": dry_run,
    }
    return call(gateway, "/publish", Publication, submission, token)


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


def described(path: Path) -> Manifest:
    """Return a manifest as its file has it. Exits with every defect and its line."""
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
