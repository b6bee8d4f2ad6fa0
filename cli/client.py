"""``yiwang client``: the operator registers departments' sites, in the database directly."""

from pathlib import Path
from typing import Any

import click
import msgspec
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.assurance import LEVELS
from auth.clients import clients
from auth.clients.secrets import PROGRAM_SCOPES, SCOPES
from auth.clients.tables import Client
from cli.transaction import announced, transaction
from cli.who import record
from kernel.clock import SystemClock
from services_catalog.departments import find_department

_CLOCK = SystemClock()


@click.group(short_help="Register departments' sites that residents sign in to.")
def client() -> None:
    """Departments' sites as clients of the sign-on, in the database of YIWANG_DATABASE_URL (or of this folder).

    docs/sign_on.md is for the departments that build them.
    """


@client.command("add")
@click.argument("client_id")
@click.option("--department", required=True, help="Whose site it is; `yiwang department list` shows them.")
@click.option("--name-zh", required=True, help="The site's name in Chinese, as residents see it.")
@click.option("--name-en", required=True, help="The site's name in English.")
@click.option(
    "--redirect-uri",
    "redirect_uris",
    multiple=True,
    metavar="URI",
    help="Where residents come back to; repeat. A program that acts for itself has none.",
)
@click.option("--tier", type=click.Choice(["T1", "T2", "T3"]), default="T1", show_default=True, help="See above.")
@click.option("--auth-method", type=click.Choice(["client_secret_basic", "client_secret_post", "private_key_jwt"]))
@click.option("--jwks", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its JWK Set, as a file.")
@click.option("--jwks-uri", default="", metavar="URI", help="Where it publishes its JWK Set.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help=f"What it may ask for; repeat: {', '.join([*SCOPES[1:], *PROGRAM_SCOPES])}.",
)
@click.option(
    "--post-logout-redirect-uri",
    "post_logout_redirect_uris",
    multiple=True,
    metavar="URI",
    help="Where a logout may lead.",
)
@click.option("--backchannel-logout-uri", default="", metavar="URI", help="Where it hears of logouts elsewhere.")
@click.option("--initiate-login-uri", default="", metavar="URI", help="Where the app opens it, to sign in by itself.")
@click.option("--sector", default="", help="Whose name for residents it shares; the department's by default.")
@click.option("--least-acr", type=click.Choice(list(LEVELS)), help="What every sign-in must reach; L3 for T2 and T3.")
@click.option("--response-mode", "response_modes", type=click.Choice(["query", "form_post"]), multiple=True)
@click.option("--without-pkce", is_flag=True, help="Only for clients of a conformance suite.")
def add(client_id: str, jwks: Path | None, *, without_pkce: bool, **given: Any) -> None:
    """Register a site as CLIENT_ID. Its secret, if it has one, is shown this once.

    \b
    T1  an ordinary site: a secret, or a key of its own (--jwks, --jwks-uri)
    T2  reads ID numbers, health, money: a key, pushed requests, --backchannel-logout-uri, L3
    T3  an agency's data API (FAPI 2.0): T2, ES256 or PS256, tokens bound to a DPoP key

    \b
    Example:
      yiwang client add housing-site --department housing \\
        --name-zh 住房公积金 --name-en "Housing Fund" \\
        --redirect-uri https://housing.example.gov.cn/back \\
        --scope profile --scope phone
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    keys = _read(jwks) if jwks else None
    by_key = bool(jwks or given["jwks_uri"] or given["tier"] != "T1")
    given["auth_method"] = given["auth_method"] or ("private_key_jwt" if by_key else "client_secret_basic")
    given["least_acr"] = given["least_acr"] or ("L1" if given["tier"] == "T1" else "L3")
    fields: dict[str, Any] = {key: list(each) if isinstance(each, tuple) else each for key, each in given.items()}
    row = Client(client_id=client_id, jwks=keys, pkce_required=not without_pkce, created_at=_CLOCK.now(), **fields)

    async def register(session: AsyncSession) -> str:
        await find_department(session, given["department"])
        made = await clients.register(session, _CLOCK, row)
        await record(session, _CLOCK, "client.registered", f"client:{client_id}", tier=row.tier)
        return made

    secret = transaction(register)
    if secret:
        click.echo(secret)
        click.echo("Keep it secret; it cannot be shown again.", err=True)
    click.echo(f"Registered {client_id} as {row.tier}, authenticated by {row.auth_method}.", err=True)


@client.command("list")
def list_() -> None:
    """List the clients, those too that hear of no logouts because their sites do not answer."""
    for row in transaction(clients.all_clients):
        whose = "the platform's own" if row.first_party else f"{row.tier}  {row.department or row.sector}"
        notes = ["suspended"] if row.status != "active" else []
        if row.backchannel_failed_at:
            notes.append(f"heard of no logout on {row.backchannel_failed_at:%Y-%m-%d %H:%M} UTC; see yiwang outbox")
        click.echo("  ".join([row.client_id, whose, row.name_zh, row.name_en, *notes]))


@client.command("show")
@click.argument("client_id")
def show(client_id: str) -> None:
    """Show all that is registered of a client, as JSON."""
    row = transaction(lambda session: clients.find_client(session, client_id))
    click.echo(msgspec.json.format(msgspec.json.encode(clients.shown(row))).decode())


@client.command("suspend")
@click.argument("client_id")
def suspend(client_id: str) -> None:
    """Let nobody sign in to a client, and make its tokens worthless, at once."""

    async def work(session: AsyncSession) -> int:
        families = await clients.suspend(session, _CLOCK, client_id)
        await record(session, _CLOCK, "client.suspended", f"client:{client_id}")
        return families

    families = announced(work)
    click.echo(f"Suspended {client_id}; sign-ins that are over: {families}. To undo: yiwang client resume {client_id}")


@client.command("resume")
@click.argument("client_id")
def resume(client_id: str) -> None:
    """Let residents sign in to a suspended client again; all of them do so anew."""

    async def work(session: AsyncSession) -> None:
        await clients.resume(session, client_id)
        await record(session, _CLOCK, "client.resumed", f"client:{client_id}")

    transaction(work)
    click.echo(f"Residents can sign in to {client_id} again.")


def _read(path: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise click.UsageError(f'{path} is no JSON object: {error}. A JWK Set is {{"keys": [...]}}') from error
