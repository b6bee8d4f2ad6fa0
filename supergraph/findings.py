"""What a compiler has to say about a document: what is wrong, where, and how to mend it."""

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
