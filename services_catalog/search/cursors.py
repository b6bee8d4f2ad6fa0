"""Cursors: opaque, of one question only, and good for as long as the hit they name is there."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from services_catalog.search.errors import CursorError
from services_catalog.search.query import Query

_MAX_CHARACTERS = 400  # of a cursor: codes have up to 64
_EPOCH = datetime.fromtimestamp(0, UTC)


class Cursor(Struct, frozen=True, array_like=True):
    """After the hit ``code``, which was the ``seen``-th; ``question`` is a digest of what was asked."""

    question: bytes
    seen: int
    code: str


def digest(query: Query) -> bytes:
    """Return what tells questions apart: everything but the page, the moment and what is shown beside the hits."""
    asked = msgspec.structs.replace(query, first=1, after=None, at=_EPOCH, facets=False, reasons=False)
    return hashlib.blake2b(msgspec.msgpack.encode(asked), digest_size=6).digest()


def write(cursor: Cursor) -> str:
    """Return the cursor as clients see it."""
    return urlsafe_b64encode(msgspec.msgpack.encode(cursor)).decode().rstrip("=")


def read(text: str, query: Query) -> Cursor:
    """Return the cursor of this question. Raises ``CursorError``."""
    try:
        raw = urlsafe_b64decode(text[:_MAX_CHARACTERS] + "=" * (-len(text) % 4))
        cursor = msgspec.msgpack.decode(raw, type=Cursor)
    except (ValueError, msgspec.MsgspecError) as error:
        raise CursorError from error
    if cursor.question != digest(query) or cursor.seen < 1:
        raise CursorError
    return cursor
