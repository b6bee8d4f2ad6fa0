"""What can be wrong with sealed data, its keys, and the values that are put in one form before they are sealed.

No message quotes a value, a key or a row's id: clients may see messages. The id is an attribute, for logs.
"""

from kernel.errors import YiwangError
from kernel.settings import SettingsError


class KeyFileError(SettingsError):
    """The key file, or the key that wraps its keys, cannot be used; the message names the variable and the way out."""


class SealedDataError(YiwangError):
    """What is stored sealed cannot be opened: it was changed, cut, or moved from another row or column."""

    code = "SEALED_DATA_INVALID"

    def __init__(self, column: str, row_id: str, why: str, *, fix: str) -> None:
        super().__init__(f"A sealed value of {column} cannot be opened: {why}", fix=fix)
        self.column = column
        self.row_id = row_id


class UnknownKeyError(SealedDataError):
    """What is stored was sealed with a data key that this process does not have; the message names the key."""

    code = "SEALING_KEY_UNKNOWN"

    def __init__(self, column: str, row_id: str, key_id: str) -> None:
        super().__init__(
            column,
            row_id,
            f"the data key {key_id} is not in the key file of this process",
            fix="Give every process the newest key file (YIWANG_KEY_FILE) and restart it; docs/operations.md says how.",
        )
        self.key_id = key_id


class PhoneNumberError(YiwangError):
    """The text is no telephone number that can be dialled."""

    code = "PHONE_NUMBER_INVALID"
    http_status = 422


class IdNumberError(YiwangError):
    """The text is no 18-digit citizen identification number (GB 11643)."""

    code = "ID_NUMBER_INVALID"
    http_status = 422


class Sm2UnavailableError(YiwangError):
    """SM2 was asked of an installation that has no library for it."""

    code = "GM_SIGNATURES_UNAVAILABLE"
    http_status = 501

    def __init__(self) -> None:
        super().__init__(
            "SM2 signatures need the library tongsuopy, which is not installed",
            fix="Install the extra gm: pip install 'yiwang[gm]'.",
        )


class Sm2KeyError(YiwangError):
    """A key that should be an SM2 key cannot be read or is of another kind."""

    code = "GM_KEY_INVALID"
