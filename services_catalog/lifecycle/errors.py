"""Why an entry's way through review stops, said so that whoever asked knows what to do."""

from collections.abc import Sequence

from services_catalog.entries.errors import EntryError
from services_catalog.entries.rule import Finding
from supergraph.findings import and_more


class UnknownEntryError(EntryError):
    """There is no entry of this code, or nothing of it that could be meant."""

    code = "ENTRY_UNKNOWN"
    http_status = 404


class NotAllowedError(EntryError):
    """The one who asks has no role for this at the entry's organisation."""

    code = "ROLE_MISSING"
    http_status = 403


class WrongStateError(EntryError):
    """The entry does not stand where this could be done."""

    code = "ENTRY_STATE_WRONG"
    http_status = 409


class SuspendedMeanwhileError(EntryError):
    """A scheduled version's time has come while the public one is suspended: somebody has to decide."""

    code = "ENTRY_SUSPENDED"
    http_status = 409


class EntryMisplacedError(EntryError):
    """The entry cannot stand there: its code is another's, its level or what is above it does not fit."""

    code = "ENTRY_MISPLACED"
    http_status = 409


class RulesBrokenError(EntryError):
    """The entry breaks rules that keep it from being submitted; ``findings`` has every breach, warnings too."""

    code = "ENTRY_RULES_BROKEN"

    def __init__(self, findings: Sequence[Finding]) -> None:
        errors = [each for each in findings if each.level == "error"]
        first = errors[0]
        said = f"{first.rule} at {first.pointer or '/'}: {first.message}{and_more(errors)}"
        super().__init__(said, fix=first.fix)
        self.findings = tuple(findings)
