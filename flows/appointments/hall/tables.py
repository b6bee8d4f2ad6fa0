"""The rows of a hall: who has come on a day, and how often anything there has changed. Counters are in ``..tables``."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Numeric, text
from sqlmodel import Field, SQLModel

import flows.appointments.booking_tables  # noqa: F401 - rows here refer to bookings


class HallTicket(SQLModel, table=True):
    """A booking whose person has come. How it stands is the booking's state; rows with ``ended_at`` are over.

    ``number`` is the first service's letter and three digits, from 001 each day of the office, and stays. ``standing``
    is the place in the line (``queue``). ``service`` is the one that they wait for now, ``counter`` the one that called
    last. ``calls`` are of this turn. ``estimate_s`` was foretold on arrival, ``waited_s`` was until the first call.
    """

    __tablename__ = "hall_ticket"
    __table_args__ = (
        Index("hall_ticket_number", "office", "day", "number", unique=True),
        Index("hall_ticket_line", "office", "day", postgresql_where=text("ended_at IS NULL")),
        Index("hall_ticket_served", "office", "service", "ended_at", postgresql_where=text("served_at IS NOT NULL")),
        Index("hall_ticket_waited", "office", "service", "called_at", postgresql_where=text("waited_s IS NOT NULL")),
    )

    booking_id: UUID = Field(
        sa_column=Column(ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True, nullable=False)
    )
    office: str = Field(foreign_key="appointment_office.code")
    day: date  # the office's
    service: str = Field(foreign_key="appointment_service.code")
    number: str
    is_priority: bool = False
    standing: Decimal = Field(sa_column=Column(Numeric, nullable=False))
    is_late: bool = False
    counter: str | None = None
    calls: int = 0
    called_at: datetime | None = None
    requeues: int = 0
    arrived_at: datetime
    served_at: datetime | None = None
    ended_at: datetime | None = None
    estimate_s: int | None = None
    waited_s: int | None = None


class HallRevision(SQLModel, table=True):
    """How often something has changed in a hall. Whoever changes anything raises it first, one after the other."""

    __tablename__ = "hall_revision"

    office: str = Field(primary_key=True, foreign_key="appointment_office.code")
    revision: int = Field(sa_type=BigInteger)
