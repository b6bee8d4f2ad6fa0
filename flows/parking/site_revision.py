"""The revision of a site's snapshot: what it had of each part, and up to which transaction sessions were read. Pure.

A transaction that was still open then may have written before, with a number from ``horizon`` on: what has such a
number is sent again, so that nothing is ever missed, whatever the order of commits.
"""

import hashlib
from typing import Any

import msgspec
from msgspec import Struct

PARTS = ("lot", "lanes", "tariffs", "holidays", "permits", "mandates")


class Revision(Struct, frozen=True):
    """``lot_id`` is the lot that it is of; ``parts`` has a hash for each of PARTS."""

    lot_id: str
    horizon: int
    parts: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join((self.lot_id, str(self.horizon), *self.parts))


def read_revision(text: str) -> Revision | None:
    """Return what a box sent back, None if it is none of ours: then it is told everything."""
    lot_id, *rest = text.split(".")
    if len(rest) != 1 + len(PARTS) or not (rest[0].isascii() and rest[0].isdigit() and len(rest[0]) < 19):
        return None
    return Revision(lot_id, int(rest[0]), tuple(rest[1:]))


def hash_of(part: Any) -> str:
    """Return what a part is compared by."""
    return hashlib.sha256(msgspec.json.encode(part)).hexdigest()[:12]
