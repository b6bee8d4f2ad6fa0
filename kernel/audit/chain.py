"""What an entry's hash is the hash of. Pure; docs/audit.md has the same in ten lines for outsiders.

The canonical form is RFC 8785 (JSON Canonicalization Scheme) of one array: members of objects sorted by name, no
white space, UTF-8. Entries hold strings, whole numbers up to 2^53 and booleans only, so any JSON library can write it.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

FORMAT = "yiwang-audit-1"
GENESIS = bytes(32)
"""The hash before the first entry."""


class Link(Struct, frozen=True, kw_only=True):
    """An entry as it is hashed and as it is stored. ``at`` is its text: RFC 3339, UTC, microseconds, ``Z``."""

    seq: int
    at: str
    actor: str
    acr: str
    on_behalf_of: str
    action: str
    object: str
    purpose: str
    result: str
    request_id: str
    details: Any
    previous_hash: bytes
    hash: bytes = b""


def canonical(link: Link, seq: int | None = None) -> bytes:
    """Return the bytes that are hashed; ``seq`` asks what they would be at another place of the chain."""
    values = [
        FORMAT,
        link.seq if seq is None else seq,
        link.at,
        link.actor,
        link.acr,
        link.on_behalf_of,
        link.action,
        link.object,
        link.purpose,
        link.result,
        link.request_id,
        link.details,
        link.previous_hash.hex(),
    ]
    return msgspec.json.encode(values, order="sorted")


def digest(link: Link, seq: int | None = None) -> bytes:
    """Return the SHA-256 of the canonical form, 32 bytes."""
    return hashlib.sha256(canonical(link, seq)).digest()


def text_of(moment: datetime) -> str:
    """Return a time as entries and anchors write it: ``2026-11-25T12:30:00.000000Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
