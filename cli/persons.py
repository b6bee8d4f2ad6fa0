"""Persons that an operator names: by two lines of standard input, as a command line is seen by others and kept."""

import re
import sys

import click

from adapters.identity import open_identity
from auth.errors import NoMatchError
from kernel.clock import Clock
from kernel.crypto.blind_index import normal_id_number
from kernel.settings import load


def person() -> tuple[str, str]:
    """Return the name and the ID number that standard input holds. Raises IdNumberError."""
    lines = [each.strip() for each in sys.stdin if each.strip()]
    if len(lines) != 2:
        raise click.UsageError("standard input holds the person's name and, on a line of its own, their ID number")
    return lines[0], normal_id_number(lines[1])


def code_word(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Take an option that the audit log takes: who and where by codes, never by names."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", value):
        raise click.BadParameter("up to 64 letters of ASCII, digits, dots and dashes: a staff number, an office's code")
    return value


async def registered(clock: Clock, name: str, number: str) -> bool:
    """Whether the population register has confirmed them; false where none is asked. Raises NoMatchError."""
    async with open_identity(load(), clock) as service:
        if service is None:
            return False
        if not await service.match(name, number):
            raise NoMatchError("Name and ID number do not belong together", fix="Compare both with the document.")
    return True
