"""``yiwang account``: what the operator may do with a resident's account, which is to close it and never to read it."""

from collections import Counter
from uuid import UUID

import click
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts import accounts
from auth.accounts.tables import Account
from auth.errors import UnknownAccountError
from auth.sessions.sessions import sessions_of
from cli.transaction import announced, transaction
from cli.who import record
from kernel.clock import SystemClock

_CLOCK = SystemClock()
_account = click.argument("account_id", type=click.UUID)


@click.group(short_help="Freeze and thaw residents' accounts.")
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
            raise UnknownAccountError(f"There is no account {account_id}", fix="Ask for the id that the log shows.")
        lines = [f"{row.id}  {row.status}  of {row.created_at:%Y-%m-%d %H:%M} UTC"]
        if row.merged_into:
            lines.append(f"merged into {row.merged_into}")
        proven = f", by {row.proof_source} on {row.proofed_at:%Y-%m-%d}" if row.proofed_at else ""
        lines.append(f"identity assurance level {row.ial}{proven}")
        ways = Counter(each.provider for each in await accounts.identities_of(session, row.id))
        lines.append(
            "signs in by " + (", ".join(f"{way} ({count})" for way, count in sorted(ways.items())) or "nothing")
        )
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
