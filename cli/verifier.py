"""``yiwang verifier``: the operator registers gates and counters that read residents' codes."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import click
from sqlmodel.ext.asyncio.session import AsyncSession

from cli.transaction import existing, transaction
from cli.who import record
from flows.codes import alarms as found
from flows.codes import verifiers
from flows.codes.purposes import PURPOSES
from flows.codes.tables import CodeVerifier
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys

_CLOCK = SystemClock()


@click.group(short_help="Register gates and counters that read residents' codes.")
def verifier() -> None:
    """Gates and counters that read codes, in the database of YIWANG_DATABASE_URL (or of this folder).

    docs/codes.md is for the vendors that build them.
    """


@verifier.command("add")
@click.option("--name-zh", required=True, help="What residents read of who asked, in Chinese.")
@click.option("--name-en", required=True, help="The same in English.")
@click.option("--purpose", "purposes", multiple=True, required=True, type=click.Choice(list(PURPOSES)), help="Repeat.")
@click.option(
    "--claim",
    "claims",
    multiple=True,
    type=click.Choice(verifiers.CLAIMS),
    help="What it is told of a holder beyond its own name for them; repeat.",
)
@click.option(
    "--group",
    "verifier_group",
    required=True,
    help="Verifiers of one group know a resident by one name; `parking`, if it reads codes of that purpose.",
)
@click.option(
    "--latitude", type=float, help="Where it stands: codes of phones elsewhere are refused, impossible travel is told."
)
@click.option("--longitude", type=float)
def add(**given: Any) -> None:
    """Register a verifier. Its id and its secret are shown; the secret this once.

    \b
    Example:
      yiwang verifier add --name-zh 人民广场停车场一号入口 --name-en "People's Square car park, gate 1" \\
        --purpose parking --group parking
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    fields: dict[str, Any] = {name: list(each) if isinstance(each, tuple) else each for name, each in given.items()}
    row = CodeVerifier(secret=b"", registered_at=_CLOCK.now(), **fields)

    cipher = open_keys(existing()).cipher

    async def register(session: AsyncSession) -> str:
        secret = await verifiers.register(session, _CLOCK, cipher, row)
        await record(session, _CLOCK, "verifier.registered", f"verifier:{row.id}", group=row.verifier_group)
        return secret

    secret = transaction(register)
    click.echo(f"{row.id}  {secret}")
    click.echo("The id is the keyid of its requests; keep the secret, it cannot be shown again.", err=True)


@verifier.command("list")
def list_() -> None:
    """List the verifiers with their licences."""
    for row in transaction(verifiers.all_verifiers):
        licence = f"{','.join(row.purposes)} [{','.join(row.claims)}]"
        notes = [f"revoked {row.revoked_at:%Y-%m-%d %H:%M} UTC"] if row.revoked_at else []
        click.echo("  ".join([str(row.id), row.verifier_group, licence, row.name_zh, row.name_en, *notes]))


@verifier.command("alarms")
@click.option("--days", type=click.IntRange(min=1), default=30, show_default=True, help="How far back.")
def alarms(days: int) -> None:
    """List what is wrong with codes' uses, the newest first: nobody's code can have been at both places.

    A `double use` is one code that two have accepted, a `travel` two codes of one resident too far apart. Uses are kept
    for 90 days.
    """
    for each in transaction(lambda session: found.alarms(session, _CLOCK.now() - timedelta(days=days))):
        uses = ", then ".join(f"{use.name_en} at {use.at:%H:%M:%S}" for use in (each.first, each.second))
        far = f", {each.metres:,} m apart" if each.metres is not None else ""
        click.echo(f"{each.found_at:%Y-%m-%d %H:%M} UTC  {each.kind}  account:{each.account_id}  {uses}{far}")


@verifier.command("revoke")
@click.argument("verifier_id", type=click.UUID)
def revoke(verifier_id: UUID) -> None:
    """Make a verifier's secret worthless, at once: it was stolen, or the device is no more."""

    async def work(session: AsyncSession) -> None:
        await verifiers.revoke(session, _CLOCK, verifier_id)
        await record(session, _CLOCK, "verifier.revoked", f"verifier:{verifier_id}")

    transaction(work)
    click.echo(f"Revoked {verifier_id}.")
