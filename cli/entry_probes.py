"""How what opens entries works: ``yiwang entry probes`` and ``notices`` for staff, ``yiwang conformity`` for all."""

from datetime import datetime
from typing import Any

import click
import msgspec

from cli.entry_files import Gateway
from cli.gateway_client import call, gateway_option, token_option
from services_catalog.probes.answers import Conformity, EntryProbes, Notices, NoticeSeen, ProbeSeen

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.command("probes")
@click.argument("code")
@gateway_option
@token_option
@_json
def probes(code: str, gateway: str, token: str, *, as_json: bool) -> None:
    """Show how the operations that open an entry work, as the platform's contract probes find them.

    Called are those that the entry marks `safe`, with the arguments of `probe`. Exit code 1: one of them is down.
    """
    seen = call(gateway, Gateway(gateway, token).entry(code, "probes"), EntryProbes, token=token)
    if as_json:
        _print(seen)
    elif not seen.probes:
        click.echo(
            f"Nothing of {code} is called: it has no operation marked `safe`, is not public, or came out just now."
        )
    else:
        for each in seen.probes:
            _show(each)
    if any(each.down for each in seen.probes):
        raise SystemExit(1)


def _show(probe: ProbeSeen) -> None:
    state = {None: "not decided yet", True: "DOWN", False: "works"}[probe.down]
    since = f" since {_at(probe.since)}" if probe.since else ""
    click.echo(f"{probe.operation}  {state}{since}" + (f": {probe.because}" if probe.down else ""))
    if probe.checked_at:
        took = f"{probe.took_ms} ms" if probe.took_ms is not None else probe.failure
        click.echo(f"  latest check {_at(probe.checked_at)}: {took.rstrip('.')}; slow after {probe.slow_after_ms} ms")
    for each in probe.found:
        times = f" ({each['count']} times)" if each["count"] > 1 else ""
        click.echo(f"  {each['kind']}: {each['where'] or 'the answer'} {each['message']}{times}")


@click.command("notices")
@click.option("--after", default=0, metavar="N", help="Only what came after notice N.")
@gateway_option
@token_option
@_json
def notices(after: int, gateway: str, token: str, *, as_json: bool) -> None:
    """List what the platform tells you of your entries.

    One was sent back by a reviewer, could not come out when it was due, is degraded, works again, or was asked beyond.
    """
    found: list[NoticeSeen] = []
    while page := call(gateway, f"/entries/notices?after={after}", Notices, token=token).notices:
        found += page
        after = page[-1].id
    if as_json:
        _print(found)
        return
    for each in found:
        click.echo(f"{each.id}  {_at(each.at)}  {each.entry} of {each.organisation} {each.kind}: {each.text}")
    if not found:
        click.echo("No notices, as far as your roles let you see.")


@click.command("conformity", short_help="How departments keep to what they published.")
@gateway_option
@_json
def conformity(gateway: str, *, as_json: bool) -> None:
    """Show how departments kept to what they published, over the last 30 days. It is public.

    The score is the lower of two shares, in percent: of the contract probes' calls, those whose answers came in time
    and were as documented; and of the calls that asked applicants for something, those that stayed within the guide.
    """
    found = call(gateway, "/conformity", _Scores).departments
    if as_json:
        _print(found)
        return
    for each in found:
        counted = [
            f"{number:,} {what}" for number, what in ((each.checks, "checks"), (each.asked, "demands")) if number
        ]
        score = "no checks" if each.score is None else f"{each.score:5.1f} % of {' and '.join(counted)}"
        bad = {name: getattr(each, name) for name in _BAD if getattr(each, name)}
        click.echo(f"{each.department}  {score}" + "".join(f", {count:,} {name}" for name, count in bad.items()))


_BAD = ("failed", "slow", "status", "unreadable", "missing", "wrong", "extra", "beyond")


class _Scores(msgspec.Struct):
    departments: list[Conformity]


def _at(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _print(value: Any) -> None:
    click.echo(msgspec.json.encode(value).decode())


COMMANDS = (probes, notices)
