"""What a compiler has to say about a document: what is wrong, where, and how to mend it."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct


class Finding(Struct, frozen=True):
    """One remark. ``pointer`` is an RFC 6901 JSON pointer into the document, with the file before ``#`` in bundles.

    ``error`` findings cost the document or the operation they stand at; ``warning`` findings cost nothing.
    """

    level: Literal["error", "warning"]
    pointer: str
    message: str
    fix: str


def and_more(found: Sequence[object]) -> str:
    """Return how many there are beside the first, to stand behind what an error says of that one."""
    return f" (and {len(found) - 1} more)" if len(found) > 1 else ""
