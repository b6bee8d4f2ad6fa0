"""The outbox messages of appointments."""

from uuid import UUID

from msgspec import Struct

GIVE_BACK = "appointments.give_back"
GIVE_UP_ELSEWHERE = "appointments.give_up_elsewhere"
SLOTS_ELSEWHERE = "appointments.slots_elsewhere"
NOTICE = "appointments.notice"


class BookingNamed(Struct, frozen=True):
    """A booking whose places come back."""

    booking_id: UUID


class BookingElsewhere(Struct):
    """A booking that a department's own system need have no longer, whether it stands here or never did."""

    booking_id: UUID
    system: str
