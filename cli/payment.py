"""``yiwang payment``: what of payments waits for people: refunds that hosts could not do, messages that are odd."""

import click
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from cli.transaction import announced, transaction
from cli.who import record
from flows.payments import notices as kept
from flows.payments import refunding
from flows.payments.ordering import order_numbered
from flows.payments.tables import PaymentAttempt, PaymentRefund
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from kernel.money import Fen, format_yuan
from kernel.settings import load

_CLOCK = SystemClock()


@click.group(short_help="Show and settle what of payments waits for people.")
def payment() -> None:
    """What machines cannot settle: refunds that a host app refuses or lost, genuine messages that fit nothing of ours.

    \b
    Examples:
      yiwang payment stuck                 refunds that wait for you
      yiwang payment retry NUMBER          ask the host again, with the same number
      yiwang payment paid-out NUMBER --by "bank transfer 2026-0113"
      yiwang payment odd                   messages to look at
      yiwang payment show NUMBER           an order by the number of an attempt or refund
      yiwang payment notices NUMBER        what hosts have said of it, word for word

    docs/payments.md says how each can happen and what to do.
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold


@payment.command("stuck")
def stuck() -> None:
    """List the refunds that wait for people, the oldest first. The money is owed to the resident until then."""
    found = transaction(refunding.stuck)
    for row in found:
        amount = format_yuan(Fen(row.amount))
        click.echo(f"{row.number}  {amount} yuan  {row.because}  since {row.changed_at:%Y-%m-%d %H:%M} UTC")
        click.echo(f"    order {row.order_id}, attempt {row.attempt_number}: {row.said}")
    if not found:
        click.echo("No refund is stuck.")


@payment.command("retry")
@click.argument("number")
def retry(number: str) -> None:
    """Ask the host for a stuck refund again, with the same number, so that it is never done twice."""

    async def work(session: AsyncSession) -> None:
        await refunding.step(session, _CLOCK, number, "retry")
        await record(session, _CLOCK, "payment_refund.retried", f"payment_refund:{number}")

    announced(work)
    click.echo("It is asked for again.")


@payment.command("paid-out")
@click.argument("number")
@click.option("--by", "how", required=True, help="How and by which document, without names.")
def paid_out(number: str, how: str) -> None:
    """Say that a stuck refund was paid another way, at a counter or by a bank. The ledger has it as paid outside."""

    async def work(session: AsyncSession) -> None:
        found = await refunding.step(session, _CLOCK, number, "pay_out", said=how)
        await record(session, _CLOCK, "payment_refund.paid_out", f"payment_refund:{number}", fen=found.amount)

    announced(work)
    click.echo("It is entered as paid out.")


@payment.command("odd")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="How many at most.")
def odd(limit: int) -> None:
    """List genuine messages of hosts that fit nothing of ours, or name another payer, the newest first.

    Such are refunds made in a host's console, and orders of another deployment with the same merchant. A payment by
    somebody else than began it counts; ask them only if they ask for it back.
    """
    found = transaction(lambda session: kept.odd(session, limit))
    for row in found:
        times = f", {row.times} times" if row.times > 1 else ""
        click.echo(f"{row.last_at:%Y-%m-%d %H:%M} UTC  {row.app_id}  {row.number or '-'}  {row.outcome}{times}")
    if not found:
        click.echo("No message is odd.")


@payment.command("notices")
@click.argument("number")
def notices(number: str) -> None:
    """Show what hosts have said of an attempt or refund, as it came. It names the payer's id: reading is recorded."""

    async def read(session: AsyncSession) -> list[str]:
        rows = await kept.of_number(session, number)
        if not rows:
            return ["No host has said anything of this number."]
        cipher = open_keys(load()).cipher
        await record(session, _CLOCK, "payment_notice.read", f"payment_attempt:{number}", notices=len(rows))
        return [
            f"{row.first_at:%Y-%m-%d %H:%M:%S} UTC  {row.app_id}  {row.outcome}  {row.times} times\n"
            f"    {kept.text_of(cipher, row)}"
            for row in rows
        ]

    for line in transaction(read):
        click.echo(line)


@payment.command("show")
@click.argument("number")
def show(number: str) -> None:
    """Show an order with its attempts and refunds, by the number of any of them (hosts' bills have these numbers)."""
    for line in transaction(lambda session: _shown(session, number)):
        click.echo(line)


async def _shown(session: AsyncSession, number: str) -> list[str]:
    order = await order_numbered(session, number)
    attempts = select(PaymentAttempt).where(PaymentAttempt.order_id == order.id).order_by(col(PaymentAttempt.number))
    refunds = select(PaymentRefund).where(PaymentRefund.order_id == order.id).order_by(col(PaymentRefund.number))
    lines = [f"order {order.id}  {order.state}  {format_yuan(Fen(order.amount))} yuan  {order.about}  to {order.payee}"]
    for attempt in (await session.exec(attempts)).all():
        paid = f", the host's {attempt.transaction}" if attempt.transaction else ""
        lines.append(f"  attempt {attempt.number}  {attempt.app_id}  {attempt.state}{paid}  {attempt.said}".rstrip())
    for each in (await session.exec(refunds)).all():
        amount = format_yuan(Fen(each.amount))
        lines.append(f"  refund  {each.number}  {amount} yuan  {each.because}  {each.state}  {each.said}".rstrip())
    return lines
