"""The rows of running lots: how full they are, what devices sent in vain, what operators' systems have asked before."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from kernel.ids import uuid7


class ParkingOccupancy(SQLModel, table=True):
    """How many vehicles are in a lot. ``inside`` is kept by a trigger on sessions, so that nobody counts them.

    ``correction`` is what an operator's count found beyond that; ``counted_at`` is when.
    """

    __tablename__ = "parking_occupancy"

    lot_id: UUID = Field(primary_key=True, foreign_key="parking_lot.id")
    inside: int = 0
    correction: int = 0
    counted_at: datetime | None = None
    counted_by: str = ""  # an actor of the audit log


class ParkingRefusedEvent(SQLModel, table=True):
    """What a device sent that is no event, for whoever mends the device. ``lot_id`` None: of before that was kept."""

    __tablename__ = "parking_refused_event"
    __table_args__ = (
        Index("parking_refused_event_device", "device_id", "id"),
        Index("parking_refused_event_lot", "lot_id", "id"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    device_id: str
    lot_id: UUID | None = Field(default=None, foreign_key="parking_lot.id")
    received_at: datetime
    field: str
    problem: str
    raw: bytes = Field(sa_column=Column(LargeBinary, nullable=False, info={"sealed": "parking_refused_event.raw"}))


class ParkingRequest(SQLModel, table=True):
    """A call of an operator's system by its idempotency key, with its answer, for a day."""

    __tablename__ = "parking_request"

    client_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # SHA-256 of path and body
    answer: bytes = Field(sa_column=Column(LargeBinary, nullable=False, info={"sealed": "parking_request.answer"}))
    asked_at: datetime = Field(index=True)
