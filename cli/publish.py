"""``yiwang publish``: a department's API document becomes part of the graph; ``yiwang services``: what is live."""

import shlex
from datetime import datetime
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from cli import publish_entries
from cli.entry_files import Gateway
from cli.gateway_client import (
    RefusedError,
    call,
    gateway_option,
    show_broken,
    show_changes,
    show_findings,
    show_guarded,
    show_refusal,
    token_option,
)
from cli.submission import Publication, described, submit


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
    sheets = publish_entries.read(manifest.parent, described(manifest).entries)
    try:
        publication = submit(manifest, gateway, token, force=force, dry_run=dry_run)
    except RefusedError as error:
        show_refusal(error.refusal)
        raise
    _show(publication, gateway)
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


def _show(publication: Publication, gateway: str) -> None:
    state = {
        "published": f"version {publication.version} is live",
        "unchanged": f"nothing has changed; version {publication.version} stays live",
        "checked": "fit to be published; nothing was changed",
    }[publication.status]
    click.echo(f"{publication.service}: {state} ({publication.milliseconds:.0f} ms)")
    click.echo(f"{len(publication.operations)} of {publication.offered} operations, {publication.typed} fully typed")
    if publication.changes:
        click.echo(f"{len(publication.changes)} changes:")
        show_changes(publication.changes)
    show_broken(publication.broken)
    show_guarded(publication.guarded)
    if publication.findings:
        click.echo(f"{len(publication.findings)} findings:")
        show_findings(publication.findings)
    if publication.status != "checked" and publication.example:
        body = msgspec.json.encode({"query": publication.example}).decode()
        click.echo(f"Try it:\n  curl -s {gateway}/graphql -H 'content-type: application/json' -d {shlex.quote(body)}")
