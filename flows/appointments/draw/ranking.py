"""The draw: in which order those who came in the first seconds of a release are let in. Pure, and short to check.

The seed is fixed before anybody comes and kept secret; its SHA-256, the commitment, is public from then on. After the
draw the seed and all entries are public, so that anybody can compute the ranks again: entries in the order of
HMAC-SHA-256 with the seed as its key, over the entry's id.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from kernel.clock import rfc3339


class Draw(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A draw as it is published. Before it is over it has neither ``seed`` nor ``entries``.

    Seed and commitment are hexadecimal digits; ``entries`` are ids in the order of their ranks, from 1.
    """

    release: str
    service: str
    opens_at: datetime
    closes_at: datetime
    commitment: str
    seed: str = ""
    entries: list[str] = []


def commitment_of(seed: bytes) -> str:
    """Return what is public of a seed beforehand."""
    return hashlib.sha256(seed).hexdigest()


def ranked(seed: bytes, entries: Iterable[str]) -> list[str]:
    """Return entries in the order in which they are let in."""
    return sorted(entries, key=lambda entry: (hmac.digest(seed, entry.encode(), "sha256"), entry))


def findings(draw: Draw) -> list[str]:
    """Return what is wrong with a published draw, nothing if all is well."""
    if not draw.seed:
        return [f"it is not drawn yet: it closes at {rfc3339(draw.closes_at)}"]
    try:
        seed = bytes.fromhex(draw.seed)
    except ValueError:
        return ["the seed is no hexadecimal number"]
    found = []
    if commitment_of(seed) != draw.commitment:
        found.append("the seed is not the one that was committed to")
    if len(set(draw.entries)) != len(draw.entries):
        found.append("an entry is there twice")
    if ranked(seed, draw.entries) != draw.entries:
        found.append("the entries are not in the order that the seed gives")
    return found
