"""What a vehicle or its driver is known by at a gate (an APDS credential): a plate, a ticket, or who holds a pass code.

A credential is a text such as ``plate:沪A12345``; who stands in a bay and was not read yet is known by the bay. Plates
are personal data: the database has the text sealed, and finds it by its blind index.
"""

from typing import Literal
from uuid import UUID

from kernel.crypto.keys import Keys

Kind = Literal["plate", "ticket", "pass", "bay"]
_COLUMN = "parking.credential"  # of the blind index: the same for events, sessions and vehicles
_PLATE, _BAY = "plate:", "bay:"


def credential(kind: Kind, value: str) -> str:
    """``value``: a plate's normal form, a ticket's number, a pass code's subject in hexadecimal, or a bay's id."""
    return f"{kind}:{value}"


def plate_in(text: str) -> str | None:
    """Return the plate of a credential, if it is one."""
    return text.removeprefix(_PLATE) if text.startswith(_PLATE) else None


def bay_in(text: str) -> UUID | None:
    """Return the bay of a credential, if it is one."""
    return UUID(text.removeprefix(_BAY)) if text.startswith(_BAY) else None


def index_of(keys: Keys, text: str) -> bytes:
    """Return what a credential is found by."""
    return keys.index.index(_COLUMN, text)
