"""Text as it is compared: one form of every character, cut into atoms, and the pairs of them that are indexed.

An atom is one Chinese character, or one run of Latin letters or digits. Pairs of neighbours, with their places, find
any part of a name however it would be segmented. Traditional characters become simplified by zhconv-rs, which has
MediaWiki's tables and takes microseconds.
"""

import re
import unicodedata
from itertools import pairwise

from zhconv_rs import zhconv

_ATOM = re.compile(r"[a-z0-9]+|[\u3400-\u9fff\U00020000-\U0003ffff]")
START, END = "^", "$"  # mark where a name begins and ends: whole names and beginnings of names count more


def fold(text: str) -> str:
    """Return the text with simplified characters, half width and small letters."""
    folded = unicodedata.normalize(
        "NFKC", text.encode(errors="ignore").decode()
    )  # halves of surrogate pairs are no text
    return zhconv(folded, "zh-Hans").lower() if not folded.isascii() else folded.lower()


def atoms(folded: str) -> list[str]:
    """Cut folded text; what is neither letter, digit nor Chinese character is left out."""
    return _ATOM.findall(folded)


def is_chinese(atom: str) -> bool:
    """Whether the atom is a Chinese character."""
    return atom[0] > "z"


def pairs(cut: list[str]) -> list[str]:
    """Return each two neighbours; of a single atom the atom itself."""
    return cut if len(cut) < 2 else [one + other for one, other in pairwise(cut)]


def gaps(cut: list[str]) -> list[str]:
    """Return each two atoms with one between them, which may be a typo."""
    return [f"{one}_{other}" for one, other in zip(cut, cut[2:], strict=False)]
