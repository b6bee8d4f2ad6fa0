"""``yiwang keys``: the keys that seal personal data and secrets at rest, and those that sign tokens."""

import asyncio
from typing import cast

import click
from sqlmodel import SQLModel

from auth.keys import key_ring
from auth.keys.tables import SigningKey
from cli.transaction import platform, transaction
from cli.who import record
from kernel.clock import SystemClock
from kernel.crypto import keys as deployment
from kernel.crypto.reseal import Progress
from kernel.crypto.reseal import reseal as reseal_column
from kernel.crypto.sealed_columns import sealed_columns
from kernel.crypto.suite import SUITES, SuiteName
from kernel.database import open_database
from kernel.redis import open_redis
from kernel.settings import Settings, load

_CLOCK = SystemClock()
_suites = click.Choice(list(SUITES))


@click.group(short_help="Make and rotate keys, and seal stored secrets anew with them.")
def keys() -> None:
    """The keys that seal personal data and secrets at rest, in the file of YIWANG_KEY_FILE; and the signing keys.

    Signing keys are in the database, sealed by those of the file.

    Losing that file is losing what they sealed: keep a copy of each version of it, apart from the database's backups.
    """


@keys.command("create")
@click.option("--suite", type=_suites, default="intl", show_default=True, help="gm: the national algorithms.")
def create(suite: str) -> None:
    """Make the key file of a new deployment.

    Its keys are wrapped with YIWANG_KEY_ENCRYPTION_KEY. Without that the file itself holds what they are wrapped with.
    """
    settings = load()
    path = deployment.create_key_file(settings, _CLOCK, cast("SuiteName", suite))
    click.echo(f"Made {path}. Give it to every gateway and worker, and keep a copy apart from the database's backups.")
    if not settings.key_encryption_key:
        click.echo("It protects nothing from whoever reads it: YIWANG_KEY_ENCRYPTION_KEY is not set.", err=True)


@keys.command("list")
def list_() -> None:
    """List the keys: never what they are. Those that sign tokens are in the database, if it is named."""
    settings = load()
    file = deployment.described(settings)
    for key in file.data_keys:
        note = "seals" if key.id == file.sealing else "opens only"
        click.echo(f"{key.id}  data key   {key.suite:<4}  of {key.created:%Y-%m-%d %H:%M} UTC  {note}")
    key = file.index_key
    click.echo(f"{key.id}  index key  {key.suite:<4}  of {key.created:%Y-%m-%d %H:%M} UTC")
    if settings.key_file and not settings.database_url:
        click.echo("The signing keys are in the database: YIWANG_DATABASE_URL does not name it.", err=True)
        return
    now = _CLOCK.now()
    rows = transaction(lambda session: key_ring.published_rows(session, _CLOCK))
    signing = {row.algorithm: row.kid for row in rows if row.active_from <= now}  # the newest comes last
    for row in rows:
        what = "signs" if row.kid == signing.get(row.algorithm) else "verifies"
        since = f"signs from {row.active_from:%Y-%m-%d %H:%M} UTC" if row.active_from > now else what
        until = f", published until {row.gone_at:%Y-%m-%d %H:%M} UTC" if row.gone_at else ""
        click.echo(f"{row.kid}  {row.algorithm}  of {row.created_at:%Y-%m-%d %H:%M} UTC  {since}{until}")


@keys.command("rotate")
def rotate() -> None:
    """Make new signing keys. They are published now and sign in ten minutes; the old ones verify for a day more.

    Nothing has to be restarted and nobody is signed out. Once a quarter is often enough.
    """
    with platform("database_url", "redis_url") as settings:
        made = asyncio.run(_rotate(settings))
    for row in made:
        click.echo(f"{row.kid}  {row.algorithm}  signs from {row.active_from:%Y-%m-%d %H:%M} UTC")


@keys.command("new-data-key")
@click.option("--suite", type=_suites, help="The algorithms it is for; without it, those of the key that seals now.")
def new_data_key(suite: str | None) -> None:
    """Add a data key. It opens at once, and seals once `yiwang keys reseal` has begun.

    In between give the changed file to every process and restart it, so that all can open what the new key seals.
    """
    new = deployment.add_data_key(load(), _CLOCK, cast("SuiteName | None", suite))
    click.echo(f"Added the data key {new.id} ({new.suite}).")
    click.echo("Restart every gateway and worker with this key file, then: yiwang keys reseal")


@keys.command("reseal")
def reseal() -> None:
    """Seal with the newest data key, and seal anew whatever another one sealed or was stored before there were keys.

    Gateways and workers may run meanwhile. It may be stopped at any moment and begun again. Run it once more after
    the last process has been restarted with this key file: then nothing may be left.
    """
    import migrations.tables  # noqa: F401, PLC0415 - fills the list of tables, which only this command needs

    with platform("database_url") as settings:
        key_id = deployment.seal_with_newest(settings)
        found = asyncio.run(_reseal(settings))
    sealed = sum(each.resealed for each in found)
    click.echo(f"Rows sealed with the data key {key_id}: {sealed}.")
    if others := sum(each.others for each in found):
        click.echo(f"Rows that others changed meanwhile: {others}. Run it again.")
    if refused := sum(each.refused for each in found):
        raise click.ClickException(f"rows that cannot be opened: {refused}; the lines above say which, and why")


@keys.command("rewrap")
@click.option("--ask-old", is_flag=True, help="Ask for the key-encryption key that the file was wrapped with.")
def rewrap(*, ask_old: bool) -> None:
    """Wrap the keys anew with YIWANG_KEY_ENCRYPTION_KEY: when that changes, or when the file held it until now.

    The keys themselves stay, so nothing is sealed anew. Whoever has an old copy of the file still has the keys.
    """
    old = click.prompt("The old key-encryption key", hide_input=True) if ask_old else ""
    click.echo(f"{deployment.rewrap(load(), old)} keys are wrapped with YIWANG_KEY_ENCRYPTION_KEY.")


async def _rotate(settings: Settings) -> list[SigningKey]:
    cipher = deployment.open_keys(settings).cipher
    async with open_database(settings) as database, open_redis(settings) as redis:
        async with database.session() as session:
            await key_ring.ensure(session, cipher, _CLOCK)  # a new deployment's first keys sign at once
            made = await key_ring.rotate(session, cipher, _CLOCK)
            for row in made:
                await record(session, _CLOCK, "signing_key.made", f"signing_key:{row.kid}", algorithm=row.algorithm)
        await key_ring.SIGNING_KEYS.announce(redis)
    return made


async def _reseal(settings: Settings) -> list[Progress]:
    cipher = deployment.open_keys(settings).cipher
    async with open_database(settings) as database:
        return [await reseal_column(database, cipher, each, _say) for each in sealed_columns(SQLModel.metadata)]


def _say(progress: Progress) -> None:
    done = progress.resealed + progress.refused + progress.others
    click.echo(f"{progress.column}: {done:,} of {progress.total:,} rows")
