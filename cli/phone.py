"""``yiwang phone``: what the operator hears of residents' phone numbers from carriers."""

import sys
from datetime import datetime
from functools import partial

import click
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.recycled_phones import give_up
from cli.transaction import announced, existing
from cli.who import record
from kernel.clock import CHINA, SystemClock
from kernel.crypto.blind_index import normal_phone
from kernel.crypto.errors import PhoneNumberError
from kernel.crypto.keys import Keys, open_keys

_CLOCK = SystemClock()
_AT_ONCE = 1000  # numbers in one transaction, which holds a lock for each


@click.group(short_help="Take numbers that carriers gave to somebody else out of accounts.")
def phone() -> None:
    """Residents' phone numbers. They are read from standard input: a command line is seen by others and kept."""


@phone.command("recycled")
@click.option(
    "--as-of",
    required=True,
    metavar="YYYY-MM-DD",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day, in China, on which the carrier gave the numbers out anew, or any on which they were cancelled "
    "already: whoever has proven a number since then keeps it.",
)
def recycled(as_of: datetime) -> None:
    """Take numbers that now belong to somebody else out of the accounts of their old holders.

    Reads numbers from standard input, one a line, as they are written in China or with + and the country code. What
    was signed in by such a number is signed out; the accounts and their other ways in stay. A list that comes again,
    with its own day, takes nothing more. Exit code 1: some lines were no numbers, the others are done.

    \b
    Example:
      yiwang phone recycled --as-of 2026-11-01 < numbers-of-the-carrier.txt
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    since = as_of.replace(tzinfo=CHINA)
    if since > _CLOCK.now():
        raise click.BadParameter("that day is still to come: nobody holds a number anew yet", param_hint="--as-of")
    numbers, wrong = _read()
    keys, taken = open_keys(existing()), 0
    for first in range(0, len(numbers), _AT_ONCE):
        taken += announced(partial(_give_up, keys=keys, numbers=numbers[first : first + _AT_ONCE], as_of=since))
    click.echo(f"Took {taken} of {len(numbers)} numbers out of accounts; the others are nobody's, or proven since.")
    if wrong:
        raise click.ClickException(f"No phone numbers, mend and send these lines again: {', '.join(map(str, wrong))}")


def _read() -> tuple[list[str], list[int]]:
    """Return the numbers of standard input, each once, and which lines hold none."""
    numbers: dict[str, None] = {}
    wrong: list[int] = []
    for place, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            numbers[normal_phone(line)] = None
        except PhoneNumberError:
            wrong.append(place)
    return list(numbers), wrong


async def _give_up(session: AsyncSession, *, keys: Keys, numbers: list[str], as_of: datetime) -> int:
    taken = await give_up(session, _CLOCK, keys, numbers, as_of=as_of)
    # Also where nobody has them: who looks numbers up must be seen to.
    await record(session, _CLOCK, "phone.recycled", "provider:phone", numbers=len(numbers), taken=taken)
    return taken
