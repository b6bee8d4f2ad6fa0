"""The purposes of one deployment: the platform's own, and those that its services use data for, from the operator."""

from pathlib import Path

import msgspec

from auth.consents.errors import PurposeInvalidError
from auth.consents.purposes import PLATFORM, Purpose, Purposes

_FIX = "Compare it with docs/operations.md; a purpose's versions stand in their order, and none is ever dropped."


def read_purposes(path: str) -> Purposes:
    """Read the file, a JSON list of Purpose; without a name there are only the platform's. Raises PurposeInvalidError.

    ``retention`` is written after ISO 8601, such as ``P365D``.
    """
    if not path:
        return Purposes(PLATFORM)
    try:
        more = msgspec.json.decode(Path(path).read_bytes(), type=list[Purpose])
    except OSError as error:
        raise PurposeInvalidError(f"The file of purposes cannot be read: {error.strerror}", fix=_FIX) from error
    except msgspec.DecodeError as error:
        raise PurposeInvalidError(f"The file of purposes is not as it has to be: {error}", fix=_FIX) from error
    return Purposes([*PLATFORM, *more])
