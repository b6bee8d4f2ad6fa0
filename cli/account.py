"""``yiwang account``: what the operator may do with residents' accounts: close them, part them, and never read them."""

import asyncio
from uuid import UUID

import click
from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts import accounts, merging, unmerging
from auth.accounts.tables import Account
from auth.errors import AccountUsedError, UnknownAccountError
from auth.residents import erasure, windows
from auth.residents.proofs import Person
from auth.residents.shown_codes import ShownCodes
from auth.sessions.sessions import sessions_of
from cli.persons import code_word, person, registered
from cli.transaction import announced, transaction, with_redis
from cli.who import operator, record
from kernel.audit.entries import Detail
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from kernel.settings import load

_CLOCK = SystemClock()
_account = click.argument("account_id", type=click.UUID)


@click.group(short_help="Prove, freeze, thaw, part and erase residents' accounts.")
def account() -> None:
    """Residents' accounts by their ids. No command shows a name, a phone or an ID number.

    \b
    Example:
      yiwang account freeze 01932c07-a0b8-7c3d-9a5e-1f2b3c4d5e6f
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold


@account.command("show")
@_account
def show(account_id: UUID) -> None:
    """Show an account's state: how well it is proven, by which ways its owner signs in, where they are signed in."""

    async def read(session: AsyncSession) -> list[str]:
        row = await session.get(Account, account_id)
        if row is None:
            raise UnknownAccountError(f"There is no account {account_id}")
        lines = [f"{row.id}  {row.status}  of {row.created_at:%Y-%m-%d %H:%M} UTC"]
        if (merge := await merging.merge_of(session, row.id)) is not None:
            until = merging.final_at(merge)
            lines.append(f"merged into {merge.kept_id}; can be undone until {until:%Y-%m-%d %H:%M} UTC")
        proven = f", by {row.proof_source} on {row.proofed_at:%Y-%m-%d}" if row.proofed_at else ""
        lines.append(f"identity assurance level {row.ial}{proven}")
        lines.append(f"signs in by {await _ways_in(session, row.id)}")
        live = await sessions_of(session, _CLOCK, row.id)
        since = "signed in at {0.client_id} through {0.channel} since {0.auth_time:%Y-%m-%d %H:%M} UTC"
        return lines + [since.format(each) for each in live]

    for line in transaction(read):
        click.echo(line)


@account.command("freeze")
@_account
def freeze(account_id: UUID) -> None:
    """Close an account until it is thawed; its owner is signed out everywhere, at once."""

    async def work(session: AsyncSession) -> None:
        await accounts.freeze(session, _CLOCK, account_id)
        await record(session, _CLOCK, "account.frozen", f"account:{account_id}")

    announced(work)
    click.echo(f"Froze {account_id}. To undo: yiwang account thaw {account_id}")


@account.command("thaw")
@_account
def thaw(account_id: UUID) -> None:
    """Open a frozen account again."""

    async def work(session: AsyncSession) -> None:
        await accounts.thaw(session, account_id)
        await record(session, _CLOCK, "account.thawed", f"account:{account_id}")

    transaction(work)
    click.echo(f"Thawed {account_id}. Its owner can sign in again.")


@account.command("erase")
@_account
def erase(account_id: UUID) -> None:
    """Erase an account for good that nobody ever had a way in to, and end its mandates; others erase theirs themselves.

    It is one that a mandate made for a child or another person; `mandate list` shows its id.
    """

    async def work(session: AsyncSession) -> None:
        row = await accounts.account_of(session, account_id, "change")
        if await accounts.was_used(session, row):
            raise AccountUsedError(f"Somebody signs in to {row.id}", fix="Have its owner erase it, by `eraseAccount`.")
        await erasure.erase(session, _CLOCK, row)
        await record(session, _CLOCK, "account.erased", f"account:{row.id}")

    announced(work)
    click.echo(f"Erased {account_id}.")


@account.command("unmerge")
@_account
@click.option("--unlink-new", is_flag=True, help="Unlink ways in that were added since and may be either's.")
def unmerge(account_id: UUID, *, unlink_new: bool) -> None:
    """Part an account from the one that it was merged into, within 30 days of it.

    Its ways in and its names at departments go back to it, also what a host app says is the same person's; everybody is
    signed out of both accounts. What was agreed to before holds as it did; consents, what sites may read, and mandates
    from the time between end, since either may have given them. Mandates that the merge ended are given anew.

    It is refused if the kept account was proven in the time between, and if ways in were added of which nothing tells
    whose they are: have the resident unlink them, or take --unlink-new, and their owner adds them again.
    """

    async def work(session: AsyncSession) -> list[str]:
        done = await unmerging.undo(session, _CLOCK, account_id, unlink_new=unlink_new)
        row, names, unlinked = done.merge, len(done.merge.sectors), len(done.unlinked)
        lines = [
            f"Parted {account_id} from {row.kept_id}.",
            f"Moved back: its sign-in by {await _ways_in(session, account_id)}; names at departments: {names}",
            f"Unlinked, being either's: {accounts.kinds_of(done.unlinked)}",
            "Ended, being either's: consents, what sites may read and mandates since the merge.",
            f"Stays with {row.kept_id}: the lists of sessions and consents since, and what departments hold of them.",
        ]
        if done.shared:
            lines.append(f"These first met them since, as one person; tell them: {', '.join(done.shared)}")
        details: dict[str, Detail] = {"kept": str(row.kept_id), "names": names, "unlinked": unlinked}
        await record(session, _CLOCK, "account.unmerged", f"account:{account_id}", **details)
        return lines

    for line in announced(work):
        click.echo(line)


@account.command("prove-at-window")
@click.argument("code")
@click.option("--document", required=True, type=click.Choice(windows.DOCUMENTS), help="Which document you have seen.")
@click.option(
    "--officer", required=True, callback=code_word, help="Who has compared face and document: a staff number."
)
@click.option("--office", required=True, callback=code_word, help="Where: the office's code.")
def prove_at_window(code: str, *, document: str, officer: str, office: str) -> None:
    """Prove the person who stands before an officer, with their document, at identity level 4.

    CODE is what `windowCode` shows on the person's own phone, in the app that is open there: never one from a message
    or a picture, else whoever has sent it gets the person's account. Name and ID number, as the document has them, are
    the two lines of standard input; the identity service has to know them, where there is one.

    Another account with the same ID number becomes one with this account if its person was compared with a document
    too, and gives the number up if not. The officer, the office and the kind of document stand in the audit log.

    \b
    Example:
      yiwang account prove-at-window K7QM2-XW4RT --document id-card --officer 04217 --office hall-3 < person.txt
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    keys, (name, number) = open_keys(load()), person()
    asyncio.run(registered(_CLOCK, name, number))

    async def work(session: AsyncSession, redis: Redis) -> Account:
        shown = await ShownCodes(redis, windows.WINDOWS).take(code, operator())
        row = await windows.proven(session, _CLOCK, keys, shown.sid, Person(name, number))
        seen: dict[str, Detail] = {"source": windows.SOURCE, "document": document, "officer": officer, "office": office}
        await record(session, _CLOCK, "account.proven", f"account:{row.id}", **seen)
        return row

    row = with_redis(work)
    click.echo(f"Proved the person of {row.id}: identity level {row.ial}. With a passkey on a device they reach L4.")


async def _ways_in(session: AsyncSession, account_id: UUID) -> str:
    return accounts.kinds_of(await accounts.identities_of(session, account_id))
