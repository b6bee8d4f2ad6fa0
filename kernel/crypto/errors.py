"""What can be wrong with sealed data and its keys. Nothing of the data itself is ever said."""

from typing import Self

from kernel.errors import YiwangError


class SealBrokenError(YiwangError):
    """Sealed data was changed, moved to another row or column, or its key is not at hand."""

    code = "SEALED_DATA_UNREADABLE"
    http_status = 500

    @classmethod
    def plain(cls) -> Self:
        """Return the error of data that does not open."""
        return cls("Sealed data cannot be opened", fix="Compare the key file and the row with a backup's.")


class KeyFileError(YiwangError):
    """The file of data keys is missing, unreadable or not what it should be."""

    code = "KEY_FILE_UNUSABLE"
    http_status = 500


class NotNormalError(YiwangError):
    """A phone or ID number that is none; the message never repeats it."""

    code = "NUMBER_INVALID"
    http_status = 400
