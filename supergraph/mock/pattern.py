"""Text that matches a regular expression: the common subset of ECMA 262 and Python.

Look-around and back-references are not understood; callers try several texts and keep one that matches.
"""

import random
import re
import string
from collections.abc import Callable
from functools import lru_cache
from re import _constants as op  # type: ignore[attr-defined]  # no public name, in every CPython since 3.11
from re import _parser  # type: ignore[attr-defined]  # as above
from typing import Any

_PRINTABLE = string.ascii_letters + string.digits + " -_.,:/"
_RARER = "".join(each for each in string.punctuation if each not in _PRINTABLE) + "éß中文\t\n"
_MOST_REPEATS = 8  # beyond the least, where a pattern sets no limit
_CATEGORIES = {
    op.CATEGORY_DIGIT: string.digits,
    op.CATEGORY_SPACE: " ",
    op.CATEGORY_WORD: string.ascii_letters + string.digits + "_",
    op.CATEGORY_NOT_DIGIT: string.ascii_letters,
    op.CATEGORY_NOT_SPACE: string.ascii_letters + string.digits,
    op.CATEGORY_NOT_WORD: " -.",
}


@lru_cache(maxsize=2_000)
def compiled(pattern: str) -> re.Pattern[str] | None:
    """Return the pattern ready for use; None if Python cannot read it, and then it is not enforced."""
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return None


@lru_cache(maxsize=2_000)
def _parsed(pattern: str) -> Any:
    return _parser.parse(pattern)


def text_matching(pattern: str, rng: random.Random) -> str | None:
    """Return a text that may match, None if the pattern cannot be read."""
    if compiled(pattern) is None:
        return None
    return _Writer(rng).sequence(_parsed(pattern))


class _Writer:
    """Walks a parsed pattern and writes one text."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._groups: dict[int, str] = {}
        self._write: dict[Any, Callable[[Any], str]] = {
            op.LITERAL: chr,
            op.NOT_LITERAL: lambda code: self._other_than(chr(code)),
            op.ANY: lambda _: rng.choice(string.ascii_letters + string.digits),
            op.IN: self._one_of,
            op.BRANCH: lambda argument: self.sequence(rng.choice(argument[1])),
            op.SUBPATTERN: self._group,
            op.ATOMIC_GROUP: self.sequence,
            op.MAX_REPEAT: self._repeat,
            op.MIN_REPEAT: self._repeat,
            op.POSSESSIVE_REPEAT: self._repeat,
            op.GROUPREF: lambda number: self._groups.get(number, ""),
        }

    def sequence(self, parsed: Any) -> str:
        nothing: Callable[[Any], str] = lambda _: ""  # noqa: E731 - anchors and look-arounds write nothing
        return "".join(self._write.get(kind, nothing)(argument) for kind, argument in parsed)

    def _group(self, argument: Any) -> str:
        written = self.sequence(argument[-1])
        if argument[0] is not None:
            self._groups[argument[0]] = written
        return written

    def _repeat(self, argument: Any) -> str:
        least, most, inner = argument
        most = min(most, least + _MOST_REPEATS)
        return "".join(self.sequence(inner) for _ in range(self._rng.randint(least, most)))

    def _other_than(self, excluded: str) -> str:
        for alphabet in (_PRINTABLE, _RARER):
            if left := [each for each in alphabet if each not in excluded]:
                return self._rng.choice(left)
        return ""

    def _one_of(self, argument: Any) -> str:
        negated = argument[0][0] is op.NEGATE
        choices = "".join(self._members(kind, value) for kind, value in argument if kind is not op.NEGATE)
        if negated:
            return self._other_than(choices)
        return self._rng.choice(choices) if choices else ""

    def _members(self, kind: Any, value: Any) -> str:
        if kind is op.LITERAL:
            return chr(value)
        if kind is op.RANGE:
            low, high = value
            return "".join(map(chr, range(low, min(high, low + 255) + 1)))
        return _CATEGORIES.get(value, "")
