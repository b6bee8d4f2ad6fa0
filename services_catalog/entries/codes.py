"""Code schemes: each a name, what a code of it looks like, and what is wrong with one.

A city adds its own by a package with entry points of the group ``yiwang.code_schemes`` that lead to a ``Scheme``.
The composition of the national codes is read from deployed tables, not from the standard itself (GB/T 39554.1-2020), so
lengths and the parts that can be checked are: the region (GB/T 2260) and the credit code (GB 32100).
"""

import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points

from msgspec import Struct

from kernel.credit_codes import CreditCodeError, normal_credit_code

_PROVINCES = {
    *("11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43"),
    *("44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "66", "71", "81", "82"),
}
_CREDIT_CODE_LENGTH = 18


class Scheme(Struct, frozen=True):
    """A scheme. ``defect`` says what is wrong with a code, ``""`` if nothing is."""

    name: str
    example: str
    defect: Callable[[str], str]


def _pattern(pattern: str, words: str) -> Callable[[str], str]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda code: "" if compiled.fullmatch(code) else f"it is not {words}"


def _region(code: str) -> str:
    if not re.fullmatch(r"\d{6}|\d{9}|\d{12}", code, re.ASCII):
        return "it is not 6, 9 or 12 digits"
    return "" if code[:2] in _PROVINCES else f"no province has the code {code[:2]}"


def _credit(code: str) -> str:
    try:
        return "" if normal_credit_code(code) == code else "it is not written in upper case without spaces"
    except CreditCodeError as error:
        return error.message[0].lower() + error.message[1:]


def _implementation(length: int) -> Callable[[str], str]:
    """Credit code of the authority (18), its level (1), the generic item's code (12), then the case's (2) if any."""
    shape = _pattern(rf"[0-9A-Z]{{18}}\d[0-9A-Z]{{{length - 19}}}", f"{length} digits and capital letters")
    return lambda code: shape(code) or _credit(code[:_CREDIT_CODE_LENGTH])


_BUILT_IN: dict[str, Scheme] = {
    each.name: each
    for each in (
        Scheme("cn-item", "000111002000", _pattern(r"[0-9A-Z]{12}", "12 digits and capital letters")),
        Scheme("cn-implementation", "91350100M000100Y433000111002000", _implementation(31)),
        Scheme("cn-case", "91350100M000100Y43300011100200001", _implementation(33)),
        Scheme("cn-region", "110105", _region),
        Scheme("cn-credit", "91350100M000100Y43", _credit),
        Scheme("guizhou-item", "0100101001", _pattern(r"\d{2}\d{5}\d{3}", "2 + 5 + 3 digits")),
    )
}


@cache
def schemes() -> dict[str, Scheme]:
    """Return every scheme by name: those above and those that installed packages add."""
    added: list[Scheme] = [point.load() for point in entry_points(group="yiwang.code_schemes")]
    return _BUILT_IN | {scheme.name: scheme for scheme in added}


def defect(scheme: str, code: str) -> str:
    """Return what is wrong with a code of a scheme; a scheme that nobody has described takes any code."""
    known = schemes().get(scheme)
    return known.defect(code) if known else ""
