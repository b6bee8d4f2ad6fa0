"""``yiwang phone``: what the operator hears of residents' phone numbers from carriers."""

import sys
from functools import partial

import click
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.recycled_phones import give_up
from cli.transaction import announced
from cli.who import record
from kernel.clock import SystemClock
from kernel.crypto.blind_index import normal_phone
from kernel.crypto.errors import PhoneNumberError
from kernel.crypto.keys import Keys, open_keys
from kernel.settings import load

_CLOCK = SystemClock()
_AT_ONCE = 1000  # numbers in one transaction, which holds a lock for each


@click.group(short_help="Take numbers that carriers gave to somebody else out of accounts.")
def phone() -> None:
    """Residents' phone numbers. They are read from standard input: a command line is seen by others and kept."""


@phone.command("recycled")
def recycled() -> None:
    """Take numbers that now belong to somebody else out of the accounts of their old holders.

    Reads numbers from standard input, one a line, as they are written in China or with + and the country code. What
    was signed in by such a number is signed out; the accounts and their other ways in stay. Exit code 1: some lines
    were no numbers, the others are done.

    \b
    Example:
      yiwang phone recycled < numbers-of-the-carrier.txt
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    numbers, wrong = _read()
    keys, taken = open_keys(load()), 0
    for first in range(0, len(numbers), _AT_ONCE):
        taken += announced(partial(_give_up, keys=keys, numbers=numbers[first : first + _AT_ONCE]))
    click.echo(f"Took {taken} of {len(numbers)} numbers out of their accounts; nobody signs in by the others.")
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


async def _give_up(session: AsyncSession, *, keys: Keys, numbers: list[str]) -> int:
    taken = await give_up(session, _CLOCK, keys, numbers)
    # Also where nobody has them: who looks numbers up must be seen to.
    await record(session, _CLOCK, "phone.recycled", "provider:phone", numbers=len(numbers), taken=taken)
    return taken
