"""The rows of what people are told of appointments."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Column, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from flows.notices.tables import Notice

Kind = Literal[
    "reminder",
    "conflict",  # the office's hours have changed, and it decides
    "kept",  # although they have changed
    "office_cancelled",
    "companion",  # somebody has booked for them, too
    "moved",
    "cancelled",
    "companion_left",  # of their own booking
    "offer",  # from the waitlist, until a moment
    "called",  # in the hall
]


ONLY_APPS: tuple[Kind, ...] = ("called",)
"""Told by no SMS, which would come too late: so nobody without an account is told these."""


class AppointmentNotice(Notice, table=True):
    """What somebody is told of a booking, or of a place that the waitlist offers them: once by kind and occasion.

    ``about`` is the booking's or the waitlist entry's id. ``details``: what else the message may say.
    """

    __tablename__ = "appointment_notice"
    __table_args__ = (
        Index(
            "appointment_notice_once",
            "about",
            "kind",
            "occasion",
            "account_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    about: UUID
    kind: Kind = Field(sa_type=String)
    occasion: str = ""
    service: str = Field(foreign_key="appointment_service.code")
    office: str = Field(foreign_key="appointment_office.code")
    starts_at: datetime
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
