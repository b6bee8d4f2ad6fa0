"""What can be wrong with an entry, said so that its authority can mend it."""

from collections.abc import Sequence
from typing import Self

from kernel.errors import YiwangError
from supergraph.findings import Finding, and_more


class EntryError(YiwangError):
    """Something about a catalogue entry was refused; nothing has changed. Its subclasses say why."""

    http_status = 422


class EntryInvalidError(EntryError):
    """The document cannot be read; ``findings`` has every defect."""

    code = "ENTRY_INVALID"

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        super().__init__(
            f"The entry has a defect at {first.pointer or '/'}: {first.message}{and_more(findings)}", fix=first.fix
        )
        self.findings = tuple(findings)

    @classmethod
    def at(cls, pointer: str, message: str, fix: str) -> Self:
        """One defect."""
        return cls([Finding("error", pointer, message, fix)])
