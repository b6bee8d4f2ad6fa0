"""``yiwang vehicle``: whose a plate is, by an officer who has seen the vehicle licence or the sale."""

import re
from datetime import datetime
from uuid import UUID

import click
from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.residents import windows
from auth.residents.proofs import Person
from auth.residents.shown_codes import ShownCodes
from auth.sessions.sessions import live
from cli.persons import code_word, person
from cli.transaction import announced, existing, with_redis
from cli.who import operator
from flows.parking import proving
from flows.parking.gathering import Deps
from kernel.clock import CHINA, SystemClock
from kernel.crypto.keys import open_keys

_CLOCK = SystemClock()
_officer = click.option(
    "--officer", required=True, callback=code_word, help="Who has seen the documents: a staff number."
)
_office = click.option("--office", required=True, callback=code_word, help="Where: the office's code.")


def _licence(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z]{6,20}", value):
        raise click.BadParameter("6 to 20 digits and letters: the file number (档案编号) of the vehicle licence")
    return value.upper()


@click.group(short_help="Prove at a window whose a plate is, and end it.")
def vehicle() -> None:
    """Plates and their proven owners, who see where a vehicle parked. Anybody may claim a plate, and pay for it.

    Residents prove a plate by themselves (`proveVehicle`) where the city's vehicle register can be asked; a window is
    for those whom it does not know, or not yet.
    """


@vehicle.command("prove")
@click.argument("code")
@click.argument("plate")
@click.option("--licence", required=True, callback=_licence, help="The licence's file number; the log has a digest.")
@_officer
@_office
def prove(code: str, plate: str, *, licence: str, officer: str, office: str) -> None:
    """Prove that who stands before an officer owns PLATE, by the vehicle licence (行驶证) that names them.

    CODE is what `windowCode` shows on the person's own phone, in the app that is open there: never one from a message
    or a picture, else whoever has sent it can follow the vehicle. Name and ID number, as the person's ID card has them,
    are the two lines of standard input: the licence has to name the same person, and the account has to be theirs. Do
    `yiwang account prove-at-window` first, with a code of its own, for an account whose person is not proven.

    If somebody else is the proven owner, see the sale's papers and record it first: yiwang vehicle end.

    \b
    Example:
      yiwang vehicle prove K7QM2-XW4RT 沪A12345 --licence 310012345678 --officer 04217 --office hall-3 < person.txt
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    keys, seen = open_keys(existing()), Person(*person())
    digest = keys.index.index("vehicle.licence", licence).hex()

    async def work(session: AsyncSession, redis: Redis) -> UUID:
        shown = await ShownCodes(redis, windows.WINDOWS).take(code, operator())
        owner = await live(session, _CLOCK, shown.sid, share=True)
        deps, said = Deps(session, _CLOCK, keys), {"licence": digest, "officer": officer, "office": office}
        bound = await proving.licence_seen(deps, owner.account_id, plate, seen, actor=operator(), **said)
        return bound.account_id

    click.echo(f"{with_redis(work)} is the proven owner of the plate. A sale ends it: yiwang vehicle end.")


@vehicle.command("end")
@click.argument("plate")
@click.option(
    "--sold", metavar="YYYY-MM-DD", type=click.DateTime(["%Y-%m-%d"]), help="The day of the sale; today if left out."
)
@_officer
@_office
def end(plate: str, *, sold: datetime | None, officer: str, office: str) -> None:
    """Record that the proven owner of PLATE has sold the vehicle, and end their mandates for it.

    From the beginning of the day of the sale on, where it parked is no longer theirs to see, but for what they paid or
    scanned themselves. The new owner proves it by themselves, or by: yiwang vehicle prove.

    \b
    Example:
      yiwang vehicle end 沪A12345 --sold 2026-11-10 --officer 04217 --office hall-3
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    keys, today = open_keys(existing()), _CLOCK.now().astimezone(CHINA).date()
    day = sold.date() if sold else today
    if day > today:
        raise click.BadParameter("the day lies ahead; record the sale once it has happened", param_hint="--sold")

    async def work(session: AsyncSession) -> UUID:
        deps, said = Deps(session, _CLOCK, keys), {"officer": officer, "office": office}
        return await proving.sale_seen(deps, plate, day, actor=operator(), **said)

    click.echo(f"{announced(work)} is no longer the owner of the plate since {day}.")
