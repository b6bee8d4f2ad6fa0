"""What a vehicle or its driver is known by at a gate (an APDS credential): a plate, a ticket, or who holds a pass code.

A credential is a text such as ``plate:沪A12345``. Plates are personal data: the database has the text sealed, and
finds it by its blind index.
"""

from typing import Literal

from kernel.crypto.keys import Keys

Kind = Literal["plate", "ticket", "pass"]
_COLUMN = "parking.credential"  # of the blind index: the same for events, sessions and vehicles
_PLATE = "plate:"


def credential(kind: Kind, value: str) -> str:
    """``value`` is a plate's normal form, a ticket's number, or the subject of a pass code in hexadecimal digits."""
    return f"{kind}:{value}"


def plate_in(text: str) -> str | None:
    """Return the plate of a credential, if it is one."""
    return text.removeprefix(_PLATE) if text.startswith(_PLATE) else None


def index_of(keys: Keys, text: str) -> bytes:
    """Return what a credential is found by."""
    return keys.index.index(_COLUMN, text)
