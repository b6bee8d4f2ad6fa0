"""The rows of running lots: how full they are, and what operators' systems have asked before."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel


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


class ParkingRequest(SQLModel, table=True):
    """A call of an operator's system by its idempotency key, with its answer, for a day."""

    __tablename__ = "parking_request"

    client_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # SHA-256 of path and body
    answer: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    asked_at: datetime = Field(index=True)
