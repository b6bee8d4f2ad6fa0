"""The rows of sites' logs: each day's log of a device as it came, and every difference found. Amounts are fen."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from flows.parking.site_logs.comparing import Difference
from kernel.ids import uuid7

DifferenceState = Literal[
    "open",  # a work item: people decide
    "gone",  # a later look no longer finds it: an event or a payment came late
    "closed",  # by a person
]


class ParkingSiteLog(SQLModel, table=True):
    """A device's log of a day. ``lines`` is ``wire.LogLine`` in MessagePack; ``digest`` tells whether it is the same.

    It answers for the device's numbers ``after`` the log before up to ``until``. ``found``: counts and both sides' sums
    by what came of each line, as of the latest comparison.
    """

    __tablename__ = "parking_site_log"
    __table_args__ = (UniqueConstraint("device_id", "day", name="parking_site_log_once"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    device_id: str
    lot_id: UUID = Field(foreign_key="parking_lot.id", index=True)
    day: date = Field(index=True)
    after: int = Field(sa_type=BigInteger)
    until: int = Field(sa_type=BigInteger)
    lines: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    digest: str
    found: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    handed_in_at: datetime
    compared_at: datetime | None = None


class ParkingSiteDifference(SQLModel, table=True):
    """What site and platform do not say alike. Found again, it is the same row.

    ``about`` is an event's id as the device has it, a session's, or the moment of a bare lift. ``site_fen`` and
    ``our_fen`` are each side's sum, None where a side has nothing.
    """

    __tablename__ = "parking_site_difference"
    __table_args__ = (
        UniqueConstraint("log_id", "difference", "about", name="parking_site_difference_once"),
        Index("parking_site_difference_open", "log_id", postgresql_where=text("state = 'open'")),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    log_id: UUID = Field(foreign_key="parking_site_log.id")
    difference: Difference = Field(sa_type=String)
    about: str
    site_fen: int | None = Field(default=None, sa_type=BigInteger)
    our_fen: int | None = Field(default=None, sa_type=BigInteger)
    state: DifferenceState = Field(default="open", sa_type=String)
    note: str = ""
    found_at: datetime
    changed_at: datetime
