"""What appointments refuse."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal

from kernel.clock import rfc3339
from kernel.errors import YiwangError
from supergraph.findings import Finding, and_more


class OfficeFileError(YiwangError):
    """The file of services, offices and hours contradicts itself or what is there; ``findings`` say where."""

    code: ClassVar[str] = "APPOINTMENT_FILE_REFUSED"
    http_status: ClassVar[int] = 422

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        super().__init__(f"{first.pointer}: {first.message}{and_more(findings)}", fix=first.fix)
        self.findings = findings


class UnknownServiceError(YiwangError):
    """There is no such service that takes appointments, or no such office for it."""

    code: ClassVar[str] = "APPOINTMENT_SERVICE_UNKNOWN"
    http_status: ClassVar[int] = 404


class UnknownBookingError(YiwangError):
    """There is no such appointment, or not for whoever asks."""

    code: ClassVar[str] = "APPOINTMENT_UNKNOWN"
    http_status: ClassVar[int] = 404


class WrongStateError(YiwangError):
    """What somebody wants is not possible as an appointment stands."""

    code: ClassVar[str] = "APPOINTMENT_STATE"
    http_status: ClassVar[int] = 409


class NotBookableError(YiwangError):
    """A time is over, too soon or not released yet, or does not exist at the office."""

    code: ClassVar[str] = "APPOINTMENT_NOT_BOOKABLE"
    http_status: ClassVar[int] = 409


class _WithTimesError(YiwangError):
    """It names the next times that are free (``next_free``), none if there are none."""

    http_status: ClassVar[int] = 409

    def __init__(self, message: str, next_free: Sequence[datetime] = (), *, fix: str) -> None:
        super().__init__(message, fix=fix)
        self.next_free = [rfc3339(each) for each in next_free]

    @property
    def extensions(self) -> dict[str, Any]:
        return super().extensions | {"nextFree": self.next_free}


class TakenError(_WithTimesError):
    """Nothing is free at a time: the places are booked or held."""

    code: ClassVar[str] = "APPOINTMENT_TAKEN"


class UnknownSystemError(YiwangError):
    """A department has no booking system of this code at the platform."""

    code: ClassVar[str] = "APPOINTMENT_SYSTEM_UNKNOWN"
    http_status: ClassVar[int] = 404


class SystemAwayError(YiwangError):
    """An office's own booking system does not answer, or not as it must: nothing is booked there."""

    code: ClassVar[str] = "APPOINTMENT_SYSTEM_AWAY"
    http_status: ClassVar[int] = 503
    retryable: ClassVar[bool] = True


class ClashError(_WithTimesError):
    """A person has another appointment at that time, anywhere in the city, or as many of the service as they may."""

    code: ClassVar[str] = "APPOINTMENT_CLASH"

    def __init__(self, message: str, clash: dict[str, Any], next_free: Sequence[datetime] = (), *, fix: str) -> None:
        super().__init__(message, next_free, fix=fix)
        self.clash = clash

    @property
    def extensions(self) -> dict[str, Any]:
        return super().extensions | {"clash": self.clash}


class HoldRefusedError(YiwangError):
    """A hold is none of ours, or another person's."""

    code: ClassVar[str] = "APPOINTMENT_HOLD_REFUSED"
    http_status: ClassVar[int] = 403


class AnswerRefusedError(YiwangError):
    """What was answered is no answer to a service's question, or it asks no such ``question``."""

    code: ClassVar[str] = "APPOINTMENT_ANSWER_REFUSED"
    http_status: ClassVar[int] = 422

    def __init__(self, message: str, question: str, *, fix: str) -> None:
        super().__init__(message, fix=fix)
        self.question = question

    @property
    def extensions(self) -> dict[str, Any]:
        return super().extensions | {"question": self.question}


class AnswersNeededError(YiwangError):
    """A service's ``questions`` have to be answered by now, and are not."""

    code: ClassVar[str] = "APPOINTMENT_ANSWERS_NEEDED"
    http_status: ClassVar[int] = 409

    def __init__(self, message: str, questions: Sequence[str], *, fix: str) -> None:
        super().__init__(message, fix=fix)
        self.questions = list(questions)

    @property
    def extensions(self) -> dict[str, Any]:
        return super().extensions | {"questions": self.questions}


class NamesMissingError(YiwangError):
    """Of those who are to come together not all are named though the service needs it, or somebody is named twice.

    ``problem`` says which: ``missing``, ``twice``, or ``self``, who is named as their own companion.
    """

    code: ClassVar[str] = "APPOINTMENT_NAMES_MISSING"
    http_status: ClassVar[int] = 422

    def __init__(self, message: str, problem: Literal["missing", "twice", "self"], *, fix: str) -> None:
        super().__init__(message, fix=fix)
        self.problem = problem

    @property
    def extensions(self) -> dict[str, Any]:
        return super().extensions | {"problem": self.problem}


class TooLateError(YiwangError):
    """An appointment is too near to be cancelled or moved."""

    code: ClassVar[str] = "APPOINTMENT_TOO_LATE"
    http_status: ClassVar[int] = 409


class DrawRefusedError(YiwangError):
    """It is not somebody's turn: a release is being drawn, or those who were drawn come first. ``at``: when it is."""

    code: ClassVar[str] = "APPOINTMENT_DRAW"
    http_status: ClassVar[int] = 409
    retryable: ClassVar[bool] = True

    def __init__(self, message: str, at: datetime | None = None, *, fix: str) -> None:
        super().__init__(message, fix=fix)
        self.at = at

    @property
    def extensions(self) -> dict[str, Any]:
        return super().extensions | ({"at": rfc3339(self.at)} if self.at else {})


class UnknownDrawError(YiwangError):
    """There is no such draw."""

    code: ClassVar[str] = "APPOINTMENT_DRAW_UNKNOWN"
    http_status: ClassVar[int] = 404


class RightRefusedError(YiwangError):
    """There is no right to book before others by that id, or it is used up, over or of another service."""

    code: ClassVar[str] = "APPOINTMENT_RIGHT_REFUSED"
    http_status: ClassVar[int] = 409


class NoShowLimitError(YiwangError):
    """Somebody has not come too often, so that until a day only times at short notice are theirs; ``missed`` are codes.

    ``until``: when that is over by itself.
    """

    code: ClassVar[str] = "APPOINTMENT_NO_SHOWS"
    http_status: ClassVar[int] = 409

    def __init__(self, missed: Sequence[str], until: datetime) -> None:
        super().__init__(
            f"{len(missed)} appointments within 90 days were missed: {', '.join(missed)}. Until "
            f"{rfc3339(until)} only times within the next 24 hours can be booked",
            fix="Choose one of those; if there was a reason, tell the office, which can excuse it.",
        )
        self.missed, self.until = list(missed), until

    @property
    def extensions(self) -> dict[str, Any]:
        return super().extensions | {"missed": self.missed, "until": rfc3339(self.until)}


class WaitlistRefusedError(YiwangError):
    """Somebody cannot wait for what they want: its days or offices are none, or they wait for as much as they may."""

    code: ClassVar[str] = "APPOINTMENT_WAITLIST_REFUSED"
    http_status: ClassVar[int] = 409


class WaitlistNeedlessError(_WithTimesError):
    """Somebody wants to wait for what they could book now: of their wish ``next_free`` are free at ``office``."""

    code: ClassVar[str] = "APPOINTMENT_WAITLIST_NEEDLESS"

    def __init__(self, office: str, next_free: Sequence[datetime]) -> None:
        super().__init__(
            f"Times are free at {office} within these windows, and only what comes back is offered to who waits",
            next_free,
            fix="Book one of nextFree there; to wait for others, leave the days and hours out that have free ones.",
        )
        self.office = office

    @property
    def extensions(self) -> dict[str, Any]:
        return super().extensions | {"office": self.office}
