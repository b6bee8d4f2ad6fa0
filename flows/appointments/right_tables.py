"""The rows of who may book before others."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

import flows.appointments.booking_tables  # noqa: F401 - rows here refer to bookings
from kernel.ids import uuid7


class BookingRight(SQLModel, table=True):
    """Whoever was to come to ``from_booking``, which the office has cancelled, may book its service once before others.

    ``account_id`` is whose that booking was; without one it is for whoever was named in it. ``used_by``: the booking
    that was made with it, or what that was moved to.
    """

    __tablename__ = "booking_right"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    from_booking: UUID = Field(foreign_key="booking.id", unique=True)
    account_id: UUID | None = Field(default=None, foreign_key="account.id", index=True)
    service: str = Field(foreign_key="appointment_service.code")
    granted_at: datetime
    until: datetime
    used_by: UUID | None = Field(default=None, foreign_key="booking.id", unique=True)
