"""Finding a sealed value again without opening any: an HMAC of its normal form, stored in a column beside it.

Whoever has the index key can try every telephone number and ID number, for there are few: so it is not a data key, and
a process that looks nobody up does not unwrap it. Who looks people up must limit and audit that. Equal values have
equal indexes; an index tells nothing of a part of a value, so there is no search by prefix.
"""

import re
import unicodedata
from datetime import date

from kernel.crypto.errors import IdNumberError, PhoneNumberError
from kernel.crypto.suite import Suite, framed

INDEX_BYTES = 16  # 128 bits: two of a billion values collide with a chance of 2^-69
_PURPOSE = "yiwang blind index"

_SPACING = re.compile(r"[\s().·-]+")
_MOBILE = re.compile(r"1[3-9]\d{9}")
# Area codes without their trunk 0: 10, 2x with 8 digits behind, else three digits with 7 or 8.
_LANDLINE = re.compile(r"(?:10|2\d)[2-8]\d{7}|[3-9]\d{2}[2-8]\d{6,7}")
_INTERNATIONAL = re.compile(r"[1-9]\d{6,14}")  # E.164: up to 15 digits, country code included
_CHINA = "86"

_ID_NUMBER = re.compile(r"[1-9]\d{5}(\d{4})(\d{2})(\d{2})\d{3}[\dX]", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999 section 4.2: 2^(18-i) mod 11
_CHECKS = "10X98765432"


class BlindIndex:
    """Indexes of every column, each with a key of its own derived from one. Pure, for any thread; shows no key."""

    def __init__(self, suite: Suite, key: bytes) -> None:
        self._suite = suite
        self._key = key
        self._column_keys: dict[str, bytes] = {}  # as in FieldCipher

    def index(self, column: str, normal_text: str) -> bytes:
        """Return 16 bytes for a text in its normal form (``normal_phone``, ``normal_id_number``)."""
        key = self._column_keys.get(column)
        if key is None:
            key = self._column_keys[column] = self._suite.derive(self._key, framed(_PURPOSE, column), 32)
        return self._suite.mac(key, normal_text.encode())[:INDEX_BYTES]


def normal_phone(text: str) -> str:
    """Return a number as E.164: ``138 0013 8000`` is ``+8613800138000``, ``0571-8888 8888`` is ``+8657188888888``.

    Without a country code (``+`` or ``00``) it is a number of the mainland: a mobile one, or a landline with its area
    code. Raises PhoneNumberError, which never quotes the number.
    """
    digits = _SPACING.sub("", unicodedata.normalize("NFKC", text))
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    bare = digits.removeprefix("+")
    if not bare.isascii() or not bare.isdigit():
        raise PhoneNumberError(
            "The telephone number holds something other than digits",
            fix="Write digits alone, with + and the country code if it is from abroad; leave extensions out.",
        )
    if not digits.startswith("+"):
        return f"+{_CHINA}{_national(digits)}"
    if bare.startswith(_CHINA):
        rest = bare.removeprefix(_CHINA)
        return f"+{_CHINA}{_national(rest if rest.startswith('0') or _MOBILE.fullmatch(rest) else '0' + rest)}"
    if not _INTERNATIONAL.fullmatch(bare):
        raise PhoneNumberError(
            f"A number with its country code has 7 to 15 digits and begins with no 0; this one has {len(bare)}",
            fix="Check the country code and the number.",
        )
    return f"+{bare}"


def normal_id_number(text: str) -> str:
    """Return an ID number of 18 characters: spaces out, full-width digits folded, X upper case, checksum checked.

    Raises IdNumberError, which never quotes the number. Numbers of residents, of residents from Hong Kong, Macao and
    Taiwan (81 to 83) and of foreigners with permanent residence (9) have the same form.
    """
    number = re.sub(r"[\s-]+", "", unicodedata.normalize("NFKC", text)).upper()
    if re.fullmatch(r"[1-9]\d{14}", number, re.ASCII):
        raise IdNumberError(
            "This is an ID number of the first generation, with 15 digits, which is no longer valid",
            fix="Enter the 18 characters of the present card.",
        )
    found = _ID_NUMBER.fullmatch(number)
    if found is None:
        raise IdNumberError(
            "An ID number has 17 digits and a last digit or X",
            fix="Enter the 18 characters as they are on the card.",
        )
    year, month, day = map(int, found.groups())
    try:
        date(year, month, day)
    except ValueError:
        raise IdNumberError(
            "The ID number's date of birth is no date", fix="Check the 7th to the 14th digit."
        ) from None  # the cause would quote nothing of it, but belongs in no log either
    if number[-1] != _check_character(number):
        raise IdNumberError(
            "The ID number's last character does not fit the others", fix="One of them is mistyped: check them all."
        )
    return number


def _national(digits: str) -> str:
    """Return a mainland number without its trunk 0."""
    if _MOBILE.fullmatch(digits):
        return digits
    if digits.startswith("0") and _LANDLINE.fullmatch(digits[1:]):
        return digits[1:]
    if re.match(r"0?1[3-9]", digits):
        raise PhoneNumberError(
            "A mobile number of the mainland has 11 digits and begins with 13 to 19",
            fix="Check the digits; a number from abroad begins with + and its country code.",
        )
    raise PhoneNumberError(
        "This is neither a mobile number of the mainland nor a landline with its area code",
        fix="Write the area code with its 0, as in 0571 for Hangzhou; a number from abroad begins with + and its code.",
    )


def _check_character(number: str) -> str:
    """ISO 7064 MOD 11-2 over the first 17 digits."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False)) % 11]
