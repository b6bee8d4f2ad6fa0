"""The rows of who comes: bookings with their persons, walk-ins' tickets, and everything that happened to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, ExcludeConstraint
from sqlmodel import Field, SQLModel

import auth.accounts.tables  # noqa: F401 - rows here refer to accounts
from flows.appointments.states import State
from flows.appointments.tables import Channel
from kernel.ids import uuid7

_ACTIVE = text("active")


class Booking(SQLModel, table=True):
    """An appointment, or a walk-in's ticket, which has neither resource nor slots.

    ``hold_id`` is that of the hold which became it, so that to confirm twice is once. ``slot_ids``: the slots of its
    resource that it takes, buffer included; given back ones are no longer taken.
    """

    __tablename__ = "booking"
    __table_args__ = (
        Index("booking_account", "account_id", "id"),
        Index("booking_office", "office", "starts_at"),
        Index("booking_uid", "uid"),
        Index("booking_state", "state", "starts_at", postgresql_where=text("state IN ('confirmed', 'conflict')")),
        Index("booking_to_remind", "remind_at", postgresql_where=text("state = 'confirmed' AND remind_at IS NOT NULL")),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    code: str = Field(unique=True)  # what people say at a counter and on the telephone
    hold_id: str = Field(unique=True)
    account_id: UUID | None = Field(default=None, foreign_key="account.id")
    service: str = Field(foreign_key="appointment_service.code")
    office: str = Field(foreign_key="appointment_office.code")
    resource_id: UUID | None = Field(default=None, foreign_key="appointment_resource.id", index=True)
    slot_ids: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    starts_at: datetime
    ends_at: datetime
    people: int
    channel: Channel = Field(sa_type=String)
    state: State = Field(sa_type=String)
    sequence: int = 0  # of iCalendar: how often it has changed
    system: str | None = Field(default=None, foreign_key="booking_system.code")  # a department's own, which has it too
    replaces: UUID | None = Field(default=None, foreign_key="booking.id")
    uid: UUID  # in calendars: that of the one it was moved from, its own if it was not
    created_at: datetime
    updated_at: datetime
    returned_at: datetime | None = None  # when its places were given back
    excused_at: datetime | None = None  # that nobody came
    kept_at: datetime | None = None  # by its office, although its hours have changed
    remind_at: datetime | None = None  # None: its people were reminded, or are not to be


class BookingPerson(SQLModel, table=True):
    """Somebody who comes. While ``active``, nobody is at two places at once, nor beyond a service's limit.

    ``person`` is the blind index of an ID number, or a digest of an account's id: one row of each that somebody is told
    by. ``ordinal`` tells a person's active bookings of one service apart, from 0; below it are those that count
    against no limit (``rights``).
    """

    __tablename__ = "booking_person"
    __table_args__ = (
        Index("booking_person_limit", "person", "service", "ordinal", unique=True, postgresql_where=_ACTIVE),
        ExcludeConstraint(("person", "="), ("during", "&&"), name="booking_person_is_at_one_place", where=_ACTIVE),
    )

    booking_id: UUID = Field(
        sa_column=Column(ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True, nullable=False)
    )
    person: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    service: str
    ordinal: int = Field(sa_type=SmallInteger)
    during: Any = Field(sa_column=Column(TSTZRANGE, nullable=False))
    active: bool = True


class BookingEvent(SQLModel, table=True):
    """Something that happened to an appointment. Rows are only ever added."""

    __tablename__ = "booking_event"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    booking_id: UUID = Field(sa_column=Column(ForeignKey("booking.id", ondelete="CASCADE"), nullable=False, index=True))
    event: str  # of ``states``
    state: State = Field(sa_type=String)
    actor: str  # as in the audit log
    at: datetime
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
