"""Identifiers: UUID version 7 (RFC 9562 §5.7), so that primary keys sort by time and index pages stay warm.

What must not be guessed is random instead.
"""

import os
import secrets
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """A new id, strictly greater than the one before it in this process.

    The 12 bits after the milliseconds carry the sub-millisecond part (RFC 9562 §6.2, method 3); when two calls fall
    on the same step, or the machine's clock goes back, the step is counted on instead.
    """
    global _last  # noqa: PLW0603 - the last step is what makes ids of one process increase
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    step = (milliseconds << 12) | (nanoseconds * 4096 // 1_000_000)
    with _lock:
        _last = step = max(step, _last + 1)
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return UUID(int=(step >> 12) << 80 | 0x7 << 76 | (step & 0xFFF) << 64 | 0b10 << 62 | random)


def random_id() -> str:
    """A new id that nobody can guess: 128 random bits in 22 letters, digits, ``-`` and ``_``."""
    return secrets.token_urlsafe(16)
