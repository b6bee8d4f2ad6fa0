"""What is given to somebody to show again: sealed for them, as a text."""

import base64
import binascii

from flows.appointments.errors import HoldRefusedError
from kernel.crypto.errors import SealedDataError, UnknownKeyError
from kernel.crypto.fields import FieldCipher


def sealed(cipher: FieldCipher, what: str, holder: str, text: str) -> str:
    """Return a text that only opens for its holder."""
    return base64.urlsafe_b64encode(cipher.seal(what, holder, text)).decode().rstrip("=")


def unsealed(cipher: FieldCipher, what: str, holder: str, given: str) -> str:
    """Return the text. Raises HoldRefusedError."""
    try:
        raw = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
        return cipher.open(what, holder, raw)
    except (binascii.Error, ValueError, SealedDataError, UnknownKeyError) as error:
        raise HoldRefusedError("This is not yours, or none of ours", fix="Send what you were given.") from error
