"""``yiwang ledger``: what every account of the ledger holds, and whether it balances."""

import click
from sqlmodel.ext.asyncio.session import AsyncSession

from cli.transaction import transaction
from flows.payments.ledger import Balance, balances, unbalanced
from kernel.money import Fen, format_yuan


@click.group(short_help="Show what accounts hold, and check that the ledger balances.")
def ledger() -> None:
    """The double entry of all money, in yuan; the database refuses to change or delete any of it.

    \b
    Examples:
      yiwang ledger balance host:      what host apps hold for us
      yiwang ledger balance operator:  what belongs to operators
      yiwang ledger check              debits are credits, and nobody has tampered with them
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold


@ledger.command("balance")
@click.argument("prefix", default="")
def balance(prefix: str) -> None:
    """Show each account that begins with PREFIX: its debits, credits, and what it holds (credit is below zero)."""
    found = transaction(lambda session: balances(session, prefix))
    width = max((len(each.account) for each in found), default=0)
    for each in found:
        click.echo(f"{each.account:<{width}}  {_yuan(each.debit)}  {_yuan(each.credit)}  {_yuan(each.balance)}")
    if not found:
        click.echo("No account begins like that.", err=True)


@ledger.command("check")
def check() -> None:
    """Check every transaction and the whole; the exit code is 0 if all balance, else 1."""

    async def read(session: AsyncSession) -> tuple[list[str], list[Balance]]:
        wrong = await unbalanced(session)
        return [f"{key}: {what}" for key, what in wrong.items()], await balances(session)

    wrong, accounts = transaction(read)
    for each in wrong:
        click.echo(each)
    excess = Fen(sum(each.balance for each in accounts))
    click.echo(f"{len(accounts)} accounts, {format_yuan(excess)} yuan more debit than credit, {len(wrong)} wrong.")
    if wrong or excess:
        raise SystemExit(1)


def _yuan(amount: Fen) -> str:
    return f"{format_yuan(amount):>14}"
