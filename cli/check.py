"""``yiwang check``: everything but publish, for a department's CI; ``yiwang diff``: what would change, and for whom."""

import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

import click
import msgspec

from cli import publish_entries
from cli.entry_files import Gateway
from cli.gateway_client import (
    RefusedError,
    gateway_option,
    show_broken,
    show_changes,
    show_findings,
    show_guarded,
    show_refusal,
    token_option,
)
from cli.submission import Publication, described, submit

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_manifest_argument = click.argument("manifest", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.command(short_help="Do everything but publish, for CI.")
@_manifest_argument
@gateway_option
@token_option
@click.option("--strict", is_flag=True, help="Fail for warnings, too.")
@_json_option
def check(manifest: Path, gateway: str, token: str, *, strict: bool, as_json: bool) -> None:
    """Check what MANIFEST (service.yaml, see docs/publishing.md) describes, as if it were published.

    Exit code 0: fit to be published. 1: it would be refused, breaks a client, or the document has errors (--strict:
    or warnings). 2: the command line is wrong.
    """
    try:
        checked = submit(manifest, gateway, token, force=False, dry_run=True)
    except RefusedError as error:
        if not as_json:
            show_refusal(error.refusal)
            raise
        _print({"fit": False, "error": _plain(error.refusal)})
        raise SystemExit(1) from error
    levels = {finding.level for finding in checked.findings}
    sheets = publish_entries.read(manifest.parent, described(manifest).entries)
    with redirect_stdout(sys.stderr) if as_json else nullcontext():  # what is found of entries is for people
        entries_fit = publish_entries.check(Gateway(gateway, token), sheets, checked.operations)
    fit = "error" not in levels and not (strict and levels) and entries_fit
    if as_json:
        _print({"fit": fit, "error": None, **_plain(checked)})
    else:
        _show(checked)
        click.echo(f"{checked.service}: {'fit' if fit else 'not fit'} to be published; nothing was changed")
    raise SystemExit(0 if fit else 1)


@click.command(short_help="Show what would change in the graph, and who would break.")
@_manifest_argument
@gateway_option
@token_option
@_json_option
def diff(manifest: Path, gateway: str, token: str, *, as_json: bool) -> None:
    """Compare what MANIFEST (service.yaml) describes with what is live, and name the clients that would break.

    Looked at are the operations that front ends sent in the last 30 days or have registered. Nothing is changed, and
    the exit code is 0 whatever is found; `yiwang check` judges.
    """
    compared = submit(manifest, gateway, token, force=True, dry_run=True)
    if as_json:
        _print(_plain(compared))
        return
    _show(compared)
    if compared.needs_force:
        click.echo("It would be refused; `yiwang publish --force` publishes all the same.")


def _show(publication: Publication) -> None:
    if publication.version is None:
        click.echo(f"{publication.service} is new, with {len(publication.operations)} operations:")
        for operation in publication.operations:
            click.echo(f"  {operation}")
    else:
        click.echo(f"{len(publication.changes) or 'no'} changes in the graph")
        show_changes(publication.changes)
        show_broken(publication.broken)
    show_guarded(publication.guarded)
    if publication.findings:
        click.echo(f"{len(publication.findings)} findings:")
        show_findings(publication.findings)


def _plain(value: object) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(value)
    return found


def _print(value: dict[str, Any]) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())
