"""Codes that one screen shows and a person types in at another: letters that nobody reads for one another."""

import secrets

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without 0, 1, I and O
SECONDS = 300
"""How long one is good for."""


def new_code(length: int) -> str:
    """Return a new code in two groups; ``length`` is even, five bits a letter."""
    code = "".join(secrets.choice(_LETTERS) for _ in range(length))
    return f"{code[: length // 2]}-{code[length // 2 :]}"


def normal(typed: str) -> str:
    """Return a code as it was made, however it was typed."""
    return "".join(each for each in typed.upper() if each.isascii() and each.isalnum())
