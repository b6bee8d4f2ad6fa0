"""What a hall refuses."""

from datetime import datetime
from typing import Any, ClassVar

from kernel.clock import rfc3339
from kernel.errors import YiwangError


class StickerForgedError(YiwangError):
    """A scanned code was not made by the city."""

    code: ClassVar[str] = "HALL_STICKER_FORGED"
    http_status: ClassVar[int] = 403


class StickerRetiredError(YiwangError):
    """A scanned sticker was replaced by another, or taken down."""

    code: ClassVar[str] = "HALL_STICKER_RETIRED"
    http_status: ClassVar[int] = 410


class ElsewhereError(YiwangError):
    """A scanned code is of no office, or an appointment is at another one."""

    code: ClassVar[str] = "HALL_ELSEWHERE"
    http_status: ClassVar[int] = 409


class TooFarError(YiwangError):
    """The phone is not where the scanned sticker hangs: a picture of it was scanned, or it hangs elsewhere."""

    code: ClassVar[str] = "HALL_TOO_FAR"
    http_status: ClassVar[int] = 409


class PositionNeededError(YiwangError):
    """The phone has not said where it is, and the scanned sticker counts in its hall alone."""

    code: ClassVar[str] = "HALL_POSITION_NEEDED"
    http_status: ClassVar[int] = 422


class _AtError(YiwangError):
    """It names a moment (``at``)."""

    http_status: ClassVar[int] = 409

    def __init__(self, message: str, at: datetime, *, fix: str) -> None:
        super().__init__(message, fix=fix)
        self.at = at

    @property
    def extensions(self) -> dict[str, Any]:
        return super().extensions | {"at": rfc3339(self.at)}


class TooEarlyError(_AtError):
    """Nobody checks in earlier than 30 minutes before their appointment; ``at``: from when on they may."""

    code: ClassVar[str] = "HALL_TOO_EARLY"
    retryable: ClassVar[bool] = True


class TooLateError(_AtError):
    """An appointment began more than ten minutes ago; ``at``: until when they might have checked in."""

    code: ClassVar[str] = "HALL_TOO_LATE"


class NoTicketsError(YiwangError):
    """An office gives no tickets for a service: it has no counter for it."""

    code: ClassVar[str] = "HALL_NO_TICKETS"
    http_status: ClassVar[int] = 409


class UnknownCounterError(YiwangError):
    """An office has no such counter."""

    code: ClassVar[str] = "HALL_COUNTER_UNKNOWN"
    http_status: ClassVar[int] = 404


class CounterStateError(YiwangError):
    """A counter is closed, has nobody, or has somebody else at it."""

    code: ClassVar[str] = "HALL_COUNTER_STATE"
    http_status: ClassVar[int] = 409


class CalledJustNowError(_AtError):
    """Somebody was called less than a minute ago; ``at``: from when on they may be called again."""

    code: ClassVar[str] = "HALL_CALLED_JUST_NOW"
    retryable: ClassVar[bool] = True
