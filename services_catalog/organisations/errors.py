"""What can be wrong with a change of the tree, a role or a calendar, said so that whoever asked can mend it."""

from collections.abc import Sequence

from msgspec import Struct

from kernel.errors import YiwangError


class FileFinding(Struct, frozen=True, order=True):
    """One thing wrong in a file: ``line`` counts from 1, with the header; 0 is the file as a whole."""

    line: int
    message: str
    fix: str

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else "the file"
        return f"{place}: {self.message}. {self.fix}"


class OrganisationError(YiwangError):
    """A change of the tree of organisations was refused; nothing has changed. Its subclasses say why."""

    http_status = 422


class UnknownOrganisationError(OrganisationError):
    """There is no organisation of this code."""

    code = "ORGANISATION_UNKNOWN"
    http_status = 404


class MoveRefusedError(OrganisationError):
    """The organisation cannot be moved or merged there: a circle, a wrong tier, a closed one or a day out of order."""

    code = "ORGANISATION_MOVE_REFUSED"
    http_status = 409


class CloseRefusedError(OrganisationError):
    """The organisation cannot be closed: others stand below it, its entries are in use, or the day is out of order."""

    code = "ORGANISATION_CLOSE_REFUSED"
    http_status = 409


class FileRefusedError(OrganisationError):
    """A file of organisations, responsibilities or calendars cannot be loaded; ``findings`` has every defect."""

    code = "ORGANISATION_FILE_INVALID"

    def __init__(self, findings: Sequence[FileFinding]) -> None:
        super().__init__(f"The file has {len(findings)} defects; the first: {findings[0]}")
        self.findings = tuple(findings)


class NobodyResponsibleError(OrganisationError):
    """Neither at the place nor above it is anybody responsible for the matter."""

    code = "NOBODY_RESPONSIBLE"
    http_status = 404


class RoleRefusedError(OrganisationError):
    """The role cannot be given or taken away: it is none, or the one who asks may not."""

    code = "ROLE_REFUSED"
    http_status = 403


class OwnSubmissionError(OrganisationError):
    """Nobody reviews what they took part in submitting: a second person has to."""

    code = "OWN_SUBMISSION"
    http_status = 403


class UnknownCalendarError(OrganisationError):
    """There is no duty calendar of this name."""

    code = "CALENDAR_UNKNOWN"
    http_status = 404
