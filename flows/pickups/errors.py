"""What pick-ups refuse."""

from typing import ClassVar

from kernel.errors import YiwangError


class UnknownPickupError(YiwangError):
    """There is no such pick-up, or no such code; too many of these in a row are refused."""

    code: ClassVar[str] = "PICKUP_UNKNOWN"
    http_status: ClassVar[int] = 404


class PickupRefusedError(YiwangError):
    """What is filed has a moment or a text that cannot be."""

    code: ClassVar[str] = "PICKUP_REFUSED"
    http_status: ClassVar[int] = 422


class PickupDiffersError(YiwangError):
    """Something else was filed under the same reference."""

    code: ClassVar[str] = "PICKUP_DIFFERS"
    http_status: ClassVar[int] = 409


class PickupElsewhereError(YiwangError):
    """It lies at another office."""

    code: ClassVar[str] = "PICKUP_ELSEWHERE"
    http_status: ClassVar[int] = 409


class PickupUsedError(YiwangError):
    """It was picked up already; the message says when and where."""

    code: ClassVar[str] = "PICKUP_USED"
    http_status: ClassVar[int] = 409


class PickupOverError(YiwangError):
    """Its time is over, or whoever has filed it has withdrawn it."""

    code: ClassVar[str] = "PICKUP_OVER"
    http_status: ClassVar[int] = 409
