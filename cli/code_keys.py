"""``yiwang code-keys``: the keys that pass codes are signed by, their rotation, and the drill after a compromise."""

import asyncio

import click

from cli.transaction import platform, transaction
from cli.who import record
from flows.codes import keys as code_keys_
from flows.codes.tables import CodeKey
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from kernel.database import open_database
from kernel.redis import open_redis
from kernel.settings import Settings

_CLOCK = SystemClock()


@click.group("code-keys", short_help="Rotate the keys that residents' codes are signed by.")
def code_keys() -> None:
    """The keys that pass codes and verifiers' lists are signed by: current, next and previous, by purpose.

    They rotate by themselves every 90 days (`yiwang worker`). docs/codes.md says what verifiers do meanwhile.
    """


@code_keys.command("list")
def list_() -> None:
    """List the keys that verifiers believe. Those of `lists` are what a new verifier is installed with."""
    now = _CLOCK.now()
    for row in transaction(lambda session: code_keys_.published_rows(session, _CLOCK)):
        state = f"signs from {row.active_from:%Y-%m-%d}" if row.active_from > now else "signs"
        if row.until:
            state = f"believed until {row.until:%Y-%m-%d %H:%M} UTC"
        click.echo(f"{row.kid}  {row.purpose:<9}  {row.public.hex()}  {state}")


@code_keys.command("rotate")
@click.option("--purpose", required=True, type=click.Choice(code_keys_.SIGNING))
@click.option(
    "--compromised", is_flag=True, help="Somebody may have the keys: revoke the present one and the next one, at once."
)
def rotate(purpose: str, *, compromised: bool) -> None:
    """Sign with the next key from now on; verifiers know it already.

    With --compromised every key of the purpose is revoked and two new ones are made. Gateways follow within a second,
    gates when they fetch the lists again: after 15 minutes at the latest, if they are online. The next key of lists is
    not revoked but signs at once, for gates know no other; if it may be stolen too, install them with a new list_key.
    """
    with platform("database_url", "redis_url") as settings:
        row = asyncio.run(_rotate(settings, purpose, compromised=compromised))
    click.echo(f"{row.kid}  {row.purpose}  signs from now on.")


async def _rotate(settings: Settings, purpose: str, *, compromised: bool) -> CodeKey:
    cipher = open_keys(settings).cipher
    change = code_keys_.replace_compromised if compromised else code_keys_.rotate
    async with open_database(settings) as database, open_redis(settings) as redis:
        async with database.session() as session:
            await code_keys_.ensure(session, cipher, _CLOCK)
            row = await change(session, cipher, _CLOCK, purpose)
            action = "code_keys.replaced" if compromised else "code_keys.rotated"
            await record(session, _CLOCK, action, f"purpose:{purpose}", kid=row.kid)
        await code_keys_.CODE_KEYS.announce(redis)
    return row
