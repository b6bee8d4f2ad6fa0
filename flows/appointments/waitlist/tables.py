"""The rows of the waitlist: who waits for what, what came back and is offered to them, and all that happened."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

import flows.appointments.booking_tables  # noqa: F401 - rows here refer to accounts and bookings
from flows.appointments.states import State
from kernel.ids import uuid7


class WaitlistEntry(SQLModel, table=True):
    """Somebody who waits for a time of a service at one of some offices, within one of some windows (``wishes``).

    It has one offer at most; then it is confirmed, lapsed or left. What is offered are places of ``slot_ids``, taken in
    the slots' own rows for as long as they are this entry's: until they become those of ``booking_id``, or are given
    back at ``returned_at``. ``until``: when the last of its days is over.
    """

    __tablename__ = "waitlist_entry"
    __table_args__ = (
        CheckConstraint("(state = 'offered') <= (slot_ids IS NOT NULL)", name="waitlist_entry_offers_places"),
        CheckConstraint("(state = 'confirmed') <= (booking_id IS NOT NULL)", name="waitlist_entry_becomes_a_booking"),
        Index("waitlist_entry_rank", "service", "joined_at", "id", postgresql_where=text("state = 'waitlisted'")),
        Index("waitlist_entry_account", "account_id", "id"),
        Index(
            "waitlist_entry_places",
            "expires_at",
            postgresql_where=text("slot_ids IS NOT NULL AND returned_at IS NULL AND booking_id IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id")
    service: str = Field(foreign_key="appointment_service.code")
    offices: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))  # the dearest first
    windows: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    people: int
    state: State = Field(default="waitlisted", sa_type=String)
    joined_at: datetime
    until: datetime
    office: str | None = Field(default=None, foreign_key="appointment_office.code")
    resource_id: UUID | None = Field(default=None, foreign_key="appointment_resource.id")
    system: str | None = Field(default=None, foreign_key="booking_system.code")  # as in ``Booking``
    slot_ids: list[int] | None = Field(default=None, sa_column=Column(ARRAY(BigInteger)))
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    expires_at: datetime | None = None
    returned_at: datetime | None = None
    booking_id: UUID | None = Field(default=None, foreign_key="booking.id")


class WaitlistPerson(SQLModel, table=True):
    """What an entry's person is told by, as in ``BookingPerson``: nobody has two offers, whatever they wait for."""

    __tablename__ = "waitlist_person"
    __table_args__ = (
        Index("waitlist_person_has_one_offer", "person", unique=True, postgresql_where=text("offered")),
        Index("waitlist_person_person", "person"),
    )

    entry_id: UUID = Field(
        sa_column=Column(ForeignKey("waitlist_entry.id", ondelete="CASCADE"), primary_key=True, nullable=False)
    )
    person: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    offered: bool = False


class WaitlistEvent(SQLModel, table=True):
    """Something that happened to an entry. Rows are only ever added."""

    __tablename__ = "waitlist_event"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    entry_id: UUID = Field(
        sa_column=Column(ForeignKey("waitlist_entry.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    event: str  # of ``states``
    state: State = Field(sa_type=String)
    actor: str  # as in the audit log
    at: datetime
