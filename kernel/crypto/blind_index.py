"""Blind indexes: how a sealed value is found again without being readable.

An index is a MAC of the normal form, cut to 128 bits. ID numbers have little entropy: whoever has the index key can try
them all, so that key is another than those that seal, and look-ups are to be counted and limited.
"""

import re
import unicodedata

from kernel.crypto.errors import NotNormalError
from kernel.crypto.suites import Suite

_INDEX_BYTES = 16
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_MAINLAND = re.compile(r"1[3-9][0-9]{9}")
_ID_NUMBER = re.compile(r"[1-9][0-9]{5}(18|19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999, ISO 7064 MOD 11-2
_CHECK = "10X98765432"


class BlindIndex:
    """Makes the indexes of all columns from one key."""

    def __init__(self, suite: Suite, key: bytes) -> None:
        self._suite = suite
        self._key = key

    def __repr__(self) -> str:
        return f"BlindIndex({self._suite.name})"

    def index(self, column: str, normal: str) -> bytes:
        """Return the 16 bytes for a value in its normal form; the same value differs by column."""
        key = self._suite.derive(self._key, b"yiwang index " + column.encode())
        return self._suite.mac(key, normal.encode())[:_INDEX_BYTES]


def normal_phone(text: str) -> str:
    """Return a phone number in E.164, of the mainland where no country is said. Raises NotNormalError."""
    digits = re.sub(r"[\s()./-]", "", unicodedata.normalize("NFKC", text))
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if _MAINLAND.fullmatch(digits):
        digits = "+86" + digits
    if not _E164.fullmatch(digits) or (digits.startswith("+86") and not _MAINLAND.fullmatch(digits[3:])):
        raise NotNormalError(
            "This is no mobile phone number", fix="Write 11 digits, or + with the country's code before the number."
        )
    return digits


def normal_id_number(text: str) -> str:
    """Return a resident's ID number, its check digit verified (GB 11643-1999). Raises NotNormalError."""
    number = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text)).upper()
    if re.fullmatch(r"[0-9]{15}", number):
        raise NotNormalError("This is an ID number of 15 digits", fix="Write the 18 digits of the present ID card.")
    if not _ID_NUMBER.fullmatch(number):
        raise NotNormalError("This is no ID number", fix="Write 18 digits; the last may be X.")
    if _CHECK[sum(int(d) * w for d, w in zip(number, _WEIGHTS, strict=False)) % 11] != number[-1]:
        raise NotNormalError("The ID number's last digit does not fit the others", fix="Look for a wrong digit.")
    return number
