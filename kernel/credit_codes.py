"""Unified social credit codes (GB 32100-2015): the public number of every company and other body in China."""

import re
import unicodedata

from kernel.errors import YiwangError

_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V, Z
_CODE = re.compile(rf"[{_CHARACTERS}]{{2}}\d{{6}}[{_CHARACTERS}]{{10}}", re.ASCII)
_MODULUS = 31


class CreditCodeError(YiwangError):
    """The text is no unified social credit code of 18 characters (GB 32100)."""

    code = "CREDIT_CODE_INVALID"
    http_status = 422


def normal_credit_code(text: str) -> str:
    """Return a code of 18 characters: spaces out, full-width ones folded, upper case, checksum checked.

    Raises CreditCodeError.
    """
    code = re.sub(r"[\s-]+", "", unicodedata.normalize("NFKC", text)).upper()
    if not _CODE.fullmatch(code):
        raise CreditCodeError(
            "A unified social credit code has 18 digits and letters, and no I, O, S, V or Z",
            fix="Enter it as it is on the business licence.",
        )
    if code[-1] != _check_character(code):
        raise CreditCodeError(
            "The code's last character does not fit the others", fix="One of them is mistyped: check them all."
        )
    return code


def _check_character(code: str) -> str:
    """The first 17 characters, weighted by powers of 3, modulo 31."""
    total = sum(_CHARACTERS.index(each) * pow(3, place, _MODULUS) for place, each in enumerate(code[:17]))
    return _CHARACTERS[-total % _MODULUS]
