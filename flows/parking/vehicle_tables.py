"""The rows of vehicles: a plate, who was bound to it from when until when, and permits. Plates are sealed."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, String, text
from sqlmodel import Field, SQLModel

from kernel.ids import uuid7

Proof = Literal["claimed", "owner"]
VehicleClass = Literal["small", "large", "motorcycle"]


class Vehicle(SQLModel, table=True):
    """A plate in its normal form (``plates``), whichever car carries it. ``plate_index`` is that of ``credentials``."""

    __tablename__ = "vehicle"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    plate: bytes = Field(sa_column=Column(LargeBinary, nullable=False, info={"sealed": "vehicle.plate"}))
    plate_index: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    plate_kind: str
    electric: bool = False
    created_at: datetime


class VehicleBinding(SQLModel, table=True):
    """An account and a plate. ``claimed`` may pay for it; ``owner`` is proven and sees where it parked in that time.

    Several accounts may claim one plate; it has one owner at a time. A binding that ended stays. ``plate_color`` is its
    account's word, and counts for that account alone.
    """

    __tablename__ = "vehicle_binding"
    __table_args__ = (
        Index("vehicle_binding_live", "account_id", "vehicle_id", unique=True, postgresql_where=text("until IS NULL")),
        Index(
            "vehicle_binding_owner",
            "vehicle_id",
            unique=True,
            postgresql_where=text("proof = 'owner' AND until IS NULL"),
        ),
        CheckConstraint("until IS NULL OR since <= until", name="vehicle_binding_ends"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id")
    vehicle_id: UUID = Field(foreign_key="vehicle.id", index=True)
    proof: Proof = Field(default="claimed", sa_type=String)
    proof_source: str = ""  # such as vehicle_licence
    plate_color: str = ""
    since: datetime
    until: datetime | None = None


class ParkingPermit(SQLModel, table=True):
    """A permit of an operator for a plate, such as a season ticket; ``lot_id`` None: in all of its lots.

    ``name`` is one of the tariff's permits. The one that is valid at the entry counts: so ``since`` is never before it
    was recorded and ``until`` never before it was ended, and what an entry costs is not changed afterwards.
    """

    __tablename__ = "parking_permit"
    __table_args__ = (
        Index("parking_permit_plate", "plate_index", "operator_id", "since"),
        Index("parking_permit_operator", "operator_id", "id"),
        CheckConstraint("until IS NULL OR since <= until", name="parking_permit_ends"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    operator_id: str = Field(foreign_key="parking_operator.id")
    lot_id: UUID | None = Field(default=None, foreign_key="parking_lot.id")
    plate: bytes = Field(sa_column=Column(LargeBinary, nullable=False, info={"sealed": "parking_permit.plate"}))
    plate_index: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    name: str
    since: datetime
    until: datetime | None = None
    granted_by: str  # an actor of the audit log
