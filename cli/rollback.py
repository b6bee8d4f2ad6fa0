"""``yiwang rollback``: an earlier version of a service is live again."""

import click
from msgspec import Struct

from cli.gateway_client import call, gateway_option, token_option


class _Change(Struct):
    version: int


@click.command(short_help="Make an earlier version of a service live again.")
@click.argument("service")
@click.option("--to", type=click.IntRange(min=1), help="The version; without it, the one before the live one.")
@gateway_option
@token_option
def rollback(service: str, to: int | None, gateway: str, token: str) -> None:
    """Make an earlier version of SERVICE live again, in every gateway process, at once.

    Nothing is deleted: `yiwang rollback SERVICE --to N` also goes forward again.
    """
    change = call(gateway, "/rollback", _Change, {"service": service, "to": to}, token)
    click.echo(f"{service}: version {change.version} is live")
