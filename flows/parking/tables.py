"""The rows of where one parks and what it costs: operators, lots, lanes, bays, tariffs, holidays.

Vehicles are in ``vehicle_tables``, what happens in ``session_tables``. Lots are APDS places (ISO 5206 family); a lane's
device is a verifier of ``flows.codes``, named by its id.
"""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from kernel.ids import uuid7

LotKind = Literal["garage", "roadside"]
Direction = Literal["enter", "exit"]
NoEntryRule = Literal["review", "minimum"]
CHARGED_BY = ("tariff", "area_class", "holiday_region", "no_entry")
"""What of a lot its fees follow from."""
BayKind = Literal["standard", "disabled", "charging", "large"]
DayKind = Literal["working", "rest", "holiday"]


class ParkingOperator(SQLModel, table=True):
    """Whoever runs lots; payments to it have the payee ``operator:<id>``."""

    __tablename__ = "parking_operator"

    id: str = Field(primary_key=True)  # lower case letters, digits and hyphens
    name_zh: str
    name_en: str = ""
    credit_code: str = ""  # GB 32100
    department: str | None = Field(default=None, foreign_key="department.name", index=True)
    created_at: datetime
    closed_at: datetime | None = None


class ParkingLot(SQLModel, table=True):
    """A garage or a stretch of roadside bays. ``code`` is its operator's own number for it.

    ``no_entry`` says what becomes of an exit without an entry: a person looks at it, or the least of the tariff is due.
    ``opening``: its hours (``flows.parking.opening``); none: nobody has said.
    ``pays_later``: the arm opens for whoever owes, who pays afterwards; otherwise what is due is paid before leaving.
    ``host_ids``: what host apps call the lot, by app id, where they have to be told of stays in their own words.
    """

    __tablename__ = "parking_lot"
    __table_args__ = (
        Index("parking_lot_code", "operator_id", "code", unique=True),
        Index("parking_lot_place", "latitude", "longitude"),
        CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="parking_lot_on_earth"),
        CheckConstraint("spaces >= 0", name="parking_lot_spaces"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    operator_id: str = Field(foreign_key="parking_operator.id")
    code: str
    name_zh: str
    name_en: str = ""
    kind: LotKind = Field(sa_type=String)
    address_zh: str = ""
    address_en: str = ""
    latitude: float  # WGS 84
    longitude: float
    spaces: int
    district: str = ""  # an organisation's code: the district, town or village that it stands in
    opening: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    area_class: str = ""  # what tariffs of roadside bays tell places apart by
    holiday_region: str = "CN"
    tariff: str  # the code of a tariff of its operator
    no_entry: NoEntryRule = Field(default="review", sa_type=String)
    pays_later: bool = False
    host_ids: dict[str, str] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'"))
    )
    created_at: datetime
    closed_at: datetime | None = None


class ParkingFormerTerms(SQLModel, table=True):
    """What a lot charged by until a moment: whoever entered before it goes on being charged by it."""

    __tablename__ = "parking_former_terms"

    lot_id: UUID = Field(foreign_key="parking_lot.id", primary_key=True)
    until: datetime = Field(primary_key=True)
    tariff: str
    area_class: str
    holiday_region: str
    no_entry: NoEntryRule = Field(sa_type=String)


class ParkingLane(SQLModel, table=True):
    """One way in or out, with the device that reports it. A device may serve several lanes of one lot, told by name.

    ``fail_open``: without an answer the arm opens, and whoever leaves so owes (``released_unpaid``).
    """

    __tablename__ = "parking_lane"
    __table_args__ = (Index("parking_lane_device", "device_id", "name", unique=True),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    lot_id: UUID = Field(foreign_key="parking_lot.id", index=True)
    name: str
    device_id: str  # of a code verifier
    direction: Direction = Field(sa_type=String)
    fail_open: bool = True
    heard_at: datetime | None = None  # the latest heartbeat or event
    clock_offset_ms: int | None = None  # how far the device's clock is ahead, as of its latest heartbeat
    queued: int = 0  # events that the device has not got through yet
    comms_lost_at: datetime | None = None  # what a street's device says of itself (CDS)
    closed_at: datetime | None = None


class ParkingBay(SQLModel, table=True):
    """One marked space; a place code on it has the reference ``bay:<id>``. Garages need none."""

    __tablename__ = "parking_bay"
    __table_args__ = (Index("parking_bay_number", "lot_id", "number", unique=True),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    lot_id: UUID = Field(foreign_key="parking_lot.id")
    number: str
    kind: BayKind = Field(default="standard", sa_type=String)
    latitude: float | None = None
    longitude: float | None = None
    occupied_since: datetime | None = None
    closed_at: datetime | None = None


class ParkingTariff(SQLModel, table=True):
    """One version of a tariff; ``data`` is ``tariff_data.Tariff``. Rows are only ever added.

    It holds for whoever enters from ``valid_from`` until the next version's. A session keeps its entry's version.
    """

    __tablename__ = "parking_tariff"
    __table_args__ = (
        Index("parking_tariff_version", "operator_id", "code", "version", unique=True),
        Index("parking_tariff_valid", "operator_id", "code", "valid_from", unique=True),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    operator_id: str = Field(foreign_key="parking_operator.id")
    code: str
    version: int
    data: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    valid_from: datetime
    published_at: datetime
    published_by: str  # an actor of the audit log


class ParkingHoliday(SQLModel, table=True):
    """A day that is not like its weekday: the official yearly list, with the working days that make up for it."""

    __tablename__ = "parking_holiday"

    region: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    kind: DayKind = Field(sa_type=String)
    name_zh: str = ""
    source: str = ""
