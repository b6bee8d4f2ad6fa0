"""Money is a whole number of fen (1 yuan = 100 fen); floats never touch it."""

import re
from collections.abc import Sequence
from typing import NewType

Fen = NewType("Fen", int)

_YUAN = re.compile(r"(-?)(\d+)(?:\.(\d{1,2}))?")


def parse_yuan(text: str) -> Fen:
    """``"12.5"`` → 1250 fen; ``ValueError`` for anything that is not an exact amount."""
    match = _YUAN.fullmatch(text)
    if match is None or not text.isascii():
        raise ValueError(f"{text!r} is not an amount in yuan with at most two decimals")
    sign, yuan, decimals = match.groups(default="")
    fen = int(yuan) * 100 + int(decimals.ljust(2, "0"))
    return Fen(-fen if sign else fen)


def format_yuan(amount: Fen) -> str:
    """1250 fen → ``"12.50"``."""
    yuan, fen = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{yuan}.{fen:02}"


def in_yuan(amount: int | None) -> str:
    """An amount of fen in a report, where a side may have none: ``"12.50"``, or ``"nothing"``."""
    return "nothing" if amount is None else format_yuan(Fen(amount))


def allocate(amount: Fen, weights: Sequence[int]) -> list[Fen]:
    """Split by weights without losing or inventing a fen: largest remainders first, then in order."""
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("weights must not be negative and need a positive sum")
    shares = [divmod(amount * weight, total) for weight in weights]
    missing = amount - sum(share for share, _ in shares)
    by_remainder = sorted(range(len(shares)), key=lambda i: -shares[i][1])
    gets_one_more = set(by_remainder[:missing])
    return [Fen(share + (i in gets_one_more)) for i, (share, _) in enumerate(shares)]
