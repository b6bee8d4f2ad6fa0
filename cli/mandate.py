"""``yiwang mandate``: mandates that rest on a document which no register knows, by an operator who has seen it."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import click
from redis.asyncio import Redis
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts import unclaimed
from auth.accounts.accounts import account_of, born_of
from auth.accounts.proofing import Evidence as PersonEvidence
from auth.accounts.tables import Account
from auth.mandates import mandates
from auth.mandates.kinds import KINDS, OWN_CONSENT, Evidence, Kind, NewMandate, Organisation, Party, Person
from auth.mandates.tables import Mandate
from auth.residents.shown_codes import AGENTS, ShownCodes
from auth.sessions.sessions import live
from cli.persons import person, registered
from cli.transaction import existing, transaction, with_redis
from cli.who import operator, record
from kernel.clock import SystemClock
from kernel.credit_codes import normal_credit_code
from kernel.crypto.keys import Keys, open_keys
from services_catalog.offered import check_offered

_CLOCK = SystemClock()
_CREDIT_CODE_CHARACTERS = 18
_DOCUMENTS = sorted({source for rules in KINDS.values() for source in rules.evidence} - {OWN_CONSENT})


@click.group(short_help="Give and end mandates that rest on a document.")
def mandate() -> None:
    """Mandates to act for a child, another person or a company, given by an operator who has seen the document.

    Residents give by themselves what they consent to, and what the registers of households and businesses confirm.

    \b
    WHO is an account's id, or the code that `agentCode` shows on somebody's phone, which proves that they are there.
    Names and ID numbers are read from standard input only: a command line is seen by others and kept.
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold


@mandate.command("grant")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.option(
    "--for", "whom", required=True, metavar="WHO", help="For whom; a company by its credit code; for - see above."
)
@click.option("--agent", required=True, metavar="WHO", help="Who may act.")
@click.option("--evidence", required=True, type=click.Choice(_DOCUMENTS), help="Which document you have seen.")
@click.option("--reference", required=True, help="Its number, or where its copy is kept; never what it says.")
@click.option("--scope", "scope", required=True, multiple=True, help="A service, or service.operation; repeat.")
@click.option("--purpose", required=True, help="What for, without names; both sides read it.")
@click.option("--days", required=True, type=click.IntRange(min=1), help="How long from now; a child's ends at 18.")
@click.option("--take-number", is_flag=True, help="With --for -: take the number from an account that only claims it.")
def grant(kind: Kind, *, whom: str, agent: str, days: int, take_number: bool, **given: Any) -> None:
    """Let AGENT act for somebody, in named services, for some days. Either side and you can end it.

    With --for - the person's name and ID number, as their document has them, are the two lines of standard input; the
    identity service has to know them, where there is one. It makes them an account that nobody can sign in to, if they
    have none yet. An account whose person was never compared with a document may be theirs or a stranger's: if it is
    theirs, name it by the code on their phone; if not, --take-number has it give the number up, and who uses it can
    prove it again by a face check.

    \b
    Examples:
      yiwang mandate grant company --for 91310000MA0000000Y --agent K7QM2-XW4RT \\
        --evidence power-of-attorney --reference 2026-0113 --scope tax --purpose "tax returns" --days 90
      yiwang mandate grant child --for - --agent K7QM2-XW4RT --evidence court-order \\
        --reference "(2026) 0101-77" --scope clinic --scope library --purpose "everyday life" --days 365 < child.txt
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    keys, evidence = open_keys(existing()), asyncio.run(_evidence()) if whom == "-" else None

    async def work(session: AsyncSession, redis: Redis) -> tuple[Mandate, UUID | None]:
        await check_offered(session, given["scope"])
        claimant = await unclaimed.take_number(session, _CLOCK, keys, evidence) if evidence and take_number else None
        principal, born = await _principal(session, redis, keys, kind, evidence or whom)
        wanted = NewMandate(
            kind=kind,
            principal=principal,
            agent=await _account(session, redis, agent),
            scope=given["scope"],
            purpose=given["purpose"],
            expires_at=_CLOCK.now() + timedelta(days=days),
            evidence=Evidence(given["evidence"], given["reference"]),
            born=born,
        )
        row = await mandates.grant(session, _CLOCK, wanted, None, "L4")  # both were seen in person
        await _record(session, row, claimant)
        return row, claimant

    row, claimant = with_redis(work)
    if claimant is not None:
        click.echo(f"Took the ID number from {claimant}, which was signed out.")
    click.echo(f"Granted {row.id} until {row.expires_at:%Y-%m-%d %H:%M} UTC. To end it: yiwang mandate revoke {row.id}")


@mandate.command("list")
@click.argument("who")
def list_(who: str) -> None:
    """List the mandates of WHO, given and held, the newest first; a company's by its credit code."""

    async def read(session: AsyncSession, redis: Redis) -> list[Mandate]:
        if len(who) == _CREDIT_CODE_CHARACTERS:  # neither an id nor a shown code has as many
            query = select(Mandate).where(Mandate.principal_organisation == normal_credit_code(who))
            return list((await session.exec(query.order_by(col(Mandate.granted_at).desc()))).all())
        return await mandates.mandates_of(session, Party(await _account(session, redis, who)))

    found = with_redis(read)
    for row in found:
        principal = row.principal_organisation or row.principal_account
        click.echo(f"{row.id}  {row.kind}  {_state(row, _CLOCK.now())}, until {row.expires_at:%Y-%m-%d}")
        click.echo(f"  {row.agent_account} for {principal}: {', '.join(row.scope)}")
        click.echo(f"  by {row.evidence_source} {row.evidence_reference}")
    if not found:
        click.echo(f"Nobody acts for {who}, or ever did, nor {who} for anybody.")


@mandate.command("revoke")
@click.argument("mandate_id", type=click.UUID)
def revoke(mandate_id: UUID) -> None:
    """End a mandate, at once; `list` shows its id."""

    async def work(session: AsyncSession) -> None:
        await mandates.revoke(session, _CLOCK, mandate_id, None)
        await record(session, _CLOCK, "mandate.revoked", f"mandate:{mandate_id}")

    transaction(work)
    click.echo(f"Ended {mandate_id}.")


async def _principal(
    session: AsyncSession, redis: Redis, keys: Keys, kind: Kind, whom: str | PersonEvidence
) -> tuple[Person | Organisation, date | None]:
    """Return for whom a mandate is, and when they were born where that matters."""
    if not isinstance(whom, str):
        account = await unclaimed.account_named(session, _CLOCK, keys, whom)
    elif KINDS[kind].principal is Organisation:
        return Organisation(normal_credit_code(whom)), None
    else:
        account = await session.get_one(Account, await _account(session, redis, whom))
    return Person(account.id), _born(keys, account) if KINDS[kind].ends_at_of_age else None


async def _account(session: AsyncSession, redis: Redis, who: str) -> UUID:
    """Return the account that an id or a shown code names. Raises UnknownAccountError, OneTimeCodeRefusedError."""
    try:
        id_ = UUID(who)
    except ValueError:
        shown = await ShownCodes(redis, AGENTS).take(who, operator())
        id_ = (await live(session, _CLOCK, shown.sid)).account_id
    return (await account_of(session, id_)).id


async def _evidence() -> PersonEvidence:
    """Return whom standard input names, and whether the population register knows them. Raises NoMatchError."""
    name, number = person()
    known = await registered(_CLOCK, name, number)
    return unclaimed.by_register(name, number) if known else unclaimed.by_document(name, number)


async def _record(session: AsyncSession, row: Mandate, claimant: UUID | None) -> None:
    """Record both acts last of all: everybody else's entries wait for what comes after one."""
    if claimant is not None:
        await record(session, _CLOCK, "account.number_taken", f"account:{claimant}")
    await record(session, _CLOCK, "mandate.granted", f"mandate:{row.id}", kind=row.kind, evidence=row.evidence_source)


def _born(keys: Keys, account: Account) -> date:
    born = born_of(keys, account)
    if born is None:
        raise click.UsageError("it is not known when this child was born: give name and ID number by --for -")
    return born


def _state(row: Mandate, now: datetime) -> str:
    if row.revoked_at is not None:
        return f"revoked on {row.revoked_at:%Y-%m-%d}"
    if now < row.valid_from:
        return f"from {row.valid_from:%Y-%m-%d}"
    return "active" if now < row.expires_at else "ended"
