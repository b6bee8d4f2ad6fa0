"""``yiwang rollback``: an earlier version of a service is live again."""

import click
import msgspec
from msgspec import Struct

from cli.gateway_client import call, gateway_option, show_broken, token_option
from supergraph.broken import Broken
from supergraph.diff import Change


class _Change(Struct):
    version: int
    revision: int
    replaced: int | None = None
    changes: tuple[Change, ...] = ()
    broken: tuple[Broken, ...] = ()


@click.command(short_help="Make an earlier version of a service live again.")
@click.argument("service")
@click.option("--to", type=click.IntRange(min=1), help="The version; without it, the one before the live one.")
@gateway_option
@token_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def rollback(service: str, to: int | None, gateway: str, token: str, *, as_json: bool) -> None:
    """Make an earlier version of SERVICE live again, in every gateway process, at once; then say whom that breaks.

    Nothing is deleted: `yiwang rollback SERVICE --to N` also goes forward again.
    """
    change = call(gateway, "/rollback", _Change, {"service": service, "to": to}, token)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(change)).decode())
        return
    click.echo(f"{service}: version {change.version} is live")
    show_broken(change.broken)
