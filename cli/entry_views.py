"""What ``yiwang entry`` shows: one entry, lists, histories and drift."""

from typing import Any
from urllib.parse import urlencode

import click
import msgspec

from cli.entry_files import Gateway
from cli.gateway_client import call, gateway_option, token_option
from services_catalog.entries.drift import Divergence
from services_catalog.lifecycle.answers import EntrySeen, History, Listed, Page

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_CODE = click.argument("code")
_SHORTENED = 100


def _asking(function: Any) -> Any:
    return gateway_option(token_option(function))


@click.command("show")
@_CODE
@_asking
@_json
def show(code: str, gateway: str, token: str, *, as_json: bool) -> None:
    """Show an entry: what is on its way, what is live, every field with the level it comes from, and findings."""
    seen = call(gateway, Gateway(gateway, token).entry(code), EntrySeen, token=token)
    if as_json:
        _print(seen)
        return
    click.echo(f"{seen.code}  {seen.level} of {seen.organisation}" + (f", below {seen.parent}" if seen.parent else ""))
    for version, where in ((seen.open, "on its way"), (seen.live, "live")):
        if version:
            more = f", at {version.reviewer}'s" if version.reviewer and version.state == "in_review" else ""
            why = f": {version.because}" if version.because else ""
            click.echo(f"  {where}: version {version.number}, {version.state}{more}{why}")
    for name, value in seen.effective.items():
        origin = seen.sources[name]
        by = f" by {origin.authorship.by}" if origin.authorship else ""
        over = f", instead of {origin.over}'s" if origin.over else ""
        text = msgspec.json.encode(value).decode()
        short = text if len(text) <= _SHORTENED else text[:_SHORTENED] + "…"
        click.echo(f"  {name}: {short}\n      from {origin.entry}{by}{over}")
    for each in seen.findings:
        click.echo(f"  {each.level} {each.rule} {each.pointer or '/'}: {each.message}\n      {each.fix}")


@click.command("list")
@click.option("--state", default="", help="Only those with a version in this state.")
@click.option("--organisation", default="", metavar="CODE", help="Only those of an organisation and all below it.")
@_asking
@_json
def list_(gateway: str, token: str, *, state: str, organisation: str, as_json: bool) -> None:
    """List the entries whose drafts your roles let you read, by code."""
    found, after = list[Listed](), ""
    while True:
        query = urlencode({"state": state, "organisation": organisation, "after": after})
        page = call(gateway, f"/entries?{query}", Page, token=token)
        found += page.entries
        if page.next is None:
            break
        after = page.next
    _show_list(found, "No entry, as far as your roles let you see.", as_json=as_json)


@click.command("inbox")
@_asking
@_json
def inbox(gateway: str, token: str, *, as_json: bool) -> None:
    """List what waits for your decision, the longest waiting first."""
    found = call(gateway, "/entries/inbox", list[Listed], token=token)
    _show_list(found, "Nothing waits for your review.", as_json=as_json)


@click.command("history")
@_CODE
@_asking
@_json
def history(code: str, gateway: str, token: str, *, as_json: bool) -> None:
    """Show every step of an entry: when, who, in which role, why; and whether the chain of hashes holds."""
    found = call(gateway, Gateway(gateway, token).entry(code, "history"), History, token=token)
    if as_json:
        _print(found)
        return
    for each in found.events:
        at = f"{each.at.astimezone():%Y-%m-%d %H:%M:%S}"
        why = f"  {each.reason}" if each.reason else ""
        click.echo(f"{at}  v{each.version}  {each.event} → {each.after}  {each.actor} ({each.role}){why}")
        for name, reason in each.reasons.items():
            click.echo(f"    {name}: {reason}")
    click.echo(
        "The chain of hashes holds." if found.holds else f"STEP {found.broken_at} DOES NOT FIT the one before it."
    )
    if not found.holds:
        raise SystemExit(1)


@click.command("drift")
@_CODE
@_asking
@_json
def drift(code: str, gateway: str, token: str, *, as_json: bool) -> None:
    """Show where what stands below an entry says something else, since when, by whom and why.

    overridden: with a reason. unexplained: without one. overtaken: what it replaced has changed since. repeated: says
    the same, and will not follow the next change.
    """
    found = call(gateway, Gateway(gateway, token).entry(code, "drift"), list[Divergence], token=token)
    if as_json:
        _print(found)
        return
    for each in found:
        since = f" since {each.since:%Y-%m-%d}" if each.since else ""
        why = f": {each.reason}" if each.reason else ""
        click.echo(f"{each.entry}  {each.field}  {each.kind}{since} by {each.by or 'nobody known'}{why}")
    if not found:
        click.echo(f"Nothing below {code} says anything else.")


COMMANDS = (show, list_, inbox, history, drift)


def _show_list(found: list[Listed], empty: str, *, as_json: bool) -> None:
    if as_json:
        _print(found)
        return
    for each in found:
        on_way = f"  on its way: v{each.open_number} {each.open}" if each.open else ""
        live = f"  live: v{each.live_number} {each.live}" if each.live else ""
        click.echo(f"{each.code}  {each.name}  {each.organisation}{on_way}{live}")
    if not found:
        click.echo(empty)


def _print(value: object) -> None:
    click.echo(msgspec.json.encode(value).decode())
