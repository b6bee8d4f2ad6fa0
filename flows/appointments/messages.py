"""The outbox messages of appointments."""

from uuid import UUID

from msgspec import Struct

GIVE_BACK = "appointments.give_back"
NOTICE = "appointments.notice"


class BookingNamed(Struct, frozen=True):
    """A booking whose places come back."""

    booking_id: UUID
