"""The rows of what can be booked: services, offices, what serves people there, its hours and their slots.

A schedule says when a resource (a window, an officer, a room) serves which services, and how many places of each time
are for whom. Its slots are written ahead. ``taken`` of one never exceeds its ``capacity``, whoever books: a resource
that several bodies share has its slots once. In words of FHIR, a resource is a Schedule's actor, its slots are Slots.
"""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from kernel.ids import uuid7

Channel = Literal["public", "hotline", "counter", "priority"]
CHANNELS: tuple[Channel, ...] = ("public", "hotline", "counter", "priority")
"""Who books: residents themselves, the hotline or a counter for them, and whoever comes before others. Each has places
of its own until a day before (``ROLL_OVER``); in this order they stand in ``quota`` and ``used``."""

ResourceKind = Literal["window", "officer", "room"]
Days = Literal["working", "mon", "tue", "wed", "thu", "fri", "sat", "sun"]
SlotStatus = Literal["open", "closed"]


class BookingSystem(SQLModel, table=True):
    """A department's own booking system, which has the times of some resources; ``flows.appointments.systems`` asks it.

    ``cursor`` is where its changes go on; all of its times were last read at ``synced_at``, and its changes at
    ``polled_at``. ``findings``: what is wrong with its answers; ``error``: why it could not be asked, how often in a
    row by ``failures``.
    """

    __tablename__ = "booking_system"

    code: str = Field(primary_key=True)
    department: str = Field(foreign_key="department.name")
    url: str
    cursor: str = ""
    synced_at: datetime | None = None
    polled_at: datetime | None = None
    due_at: datetime | None = None  # None: at once
    taken_until: datetime | None = None  # by a worker that asks it now
    failures: int = 0
    error: str = ""
    findings: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    created_at: datetime
    closed_at: datetime | None = None


class AppointmentService(SQLModel, table=True):
    """What people come for. ``minutes`` is for one person, ``further_minutes`` for each one more, up to ``people``.

    With ``names_all`` each of several is to be named when it is booked. ``days`` ahead a day is
    released for booking, at ``release_minute`` of the office's day; the last booking is ``lead_minutes`` before.
    ``cancel_minutes`` before it can be cancelled or moved last. ``most_active`` bookings a person may have at a time.
    Its people are reminded ``remind_minutes`` before (0: they are not).
    Who comes within ``draw_seconds`` of a release is let in by lot. Whether somebody has
    come counts for later bookings (``no_shows``), unless it is a clinic's. ``letter`` begins the numbers in the hall.
    """

    __tablename__ = "appointment_service"
    __table_args__ = (
        CheckConstraint("minutes > 0 AND further_minutes >= 0 AND people > 0", name="appointment_service_length"),
        CheckConstraint("days > 0 AND release_minute BETWEEN 0 AND 1439", name="appointment_service_window"),
        CheckConstraint("most_active > 0", name="appointment_service_limit"),
    )

    code: str = Field(primary_key=True)
    department: str = Field(foreign_key="department.name", index=True)
    name_zh: str
    name_en: str = ""
    letter: str
    minutes: int
    further_minutes: int = 0
    people: int = 1
    names_all: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    level: str = "L1"  # of assurance, that whoever books needs
    days: int = 14
    release_minute: int = 9 * 60
    lead_minutes: int = 60
    cancel_minutes: int = 120
    remind_minutes: int = Field(default=24 * 60, sa_column_kwargs={"server_default": "1440"})
    draw_seconds: int = 0
    hold_minutes: int = 5
    most_active: int = 1
    counts_no_shows: bool = True
    documents_zh: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    documents_en: list[str] = Field(  # the same ones, or none
        default_factory=list, sa_column=Column(ARRAY(String), nullable=False, server_default=text("'{}'"))
    )
    questions: list[dict[str, Any]] = Field(  # of ``papers.questions``
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=text("'[]'"))
    )
    created_at: datetime
    closed_at: datetime | None = None


class AppointmentOffice(SQLModel, table=True):
    """Where people come. Its working days are those of its organisation's duty calendar."""

    __tablename__ = "appointment_office"
    __table_args__ = (
        CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="appointment_office_on_earth"
        ),
    )

    code: str = Field(primary_key=True)
    organisation: str = Field(foreign_key="organisation.code", index=True)
    name_zh: str
    name_en: str = ""
    address_zh: str = ""
    address_en: str = ""
    phone: str = Field(default="", sa_column_kwargs={"server_default": ""})
    latitude: float  # WGS 84
    longitude: float
    time_zone: str  # its calendar's
    created_at: datetime
    closed_at: datetime | None = None


class AppointmentResource(SQLModel, table=True):
    """What serves people at an office, one or several alike: ``skills`` are the services that it can do.

    After each booking ``buffer_minutes`` stay free. A room of several bodies has services of several departments. Where
    a department's ``system`` has its times, slots are a mirror of those, and the schedules say for which services only.
    """

    __tablename__ = "appointment_resource"
    __table_args__ = (
        Index("appointment_resource_code", "office", "code", unique=True),
        CheckConstraint("slot_minutes > 0 AND buffer_minutes >= 0", name="appointment_resource_minutes"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    office: str = Field(foreign_key="appointment_office.code")
    code: str
    kind: ResourceKind = Field(default="window", sa_type=String)
    name_zh: str
    name_en: str = ""
    slot_minutes: int
    buffer_minutes: int = 0
    system: str | None = Field(default=None, foreign_key="booking_system.code")
    skills: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    filled_until: date | None = None  # the last day whose slots are written
    filled_of: str = ""  # the digest of the office's days (``office_days``) by which they are
    closed_at: datetime | None = None


class HallCounter(SQLModel, table=True):
    """Where people are called to in an office's hall. ``services``: what it serves; none: all of the office.

    ``opened_at``: since when it calls, null while nobody sits there.
    """

    __tablename__ = "hall_counter"

    office: str = Field(primary_key=True, foreign_key="appointment_office.code")
    code: str = Field(primary_key=True)
    name_zh: str
    name_en: str = ""
    services: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    opened_at: datetime | None = None
    opened_by: str | None = None  # as in the audit log
    ticket_id: UUID | None = Field(default=None, foreign_key="booking.id")  # whom it has called last
    closed_at: datetime | None = None  # out of use


class AppointmentSchedule(SQLModel, table=True):
    """Hours of a resource, in minutes of the office's day, on the days from ``valid_from`` to ``valid_to``.

    ``services``: of its resource's skills, those that these hours are for. ``quota``: places of a slot by channel.
    """

    __tablename__ = "appointment_schedule"
    __table_args__ = (
        CheckConstraint(
            "begin_minute >= 0 AND begin_minute < end_minute AND end_minute <= 1440", name="schedule_hours"
        ),
        CheckConstraint("array_length(quota, 1) = 4 AND 0 <= ALL (quota)", name="schedule_quota"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    resource_id: UUID = Field(foreign_key="appointment_resource.id", index=True)
    days: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    begin_minute: int
    end_minute: int
    quota: list[int] = Field(sa_column=Column(ARRAY(SmallInteger), nullable=False))
    services: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    valid_from: date | None = None
    valid_to: date | None = None
    ended_at: datetime | None = None


class AppointmentException(SQLModel, table=True):
    """A day on which an office's hours differ: schedules serve only within ``hours``, and without any it is closed.

    ``closed_at``: by the office itself (``closing``); its file can only withdraw that.
    """

    __tablename__ = "appointment_exception"

    office: str = Field(primary_key=True, foreign_key="appointment_office.code")
    day: date = Field(primary_key=True)
    hours: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    note: str = ""
    closed_at: datetime | None = None


class AppointmentSlot(SQLModel, table=True):
    """A time of a resource. ``quota`` and ``used`` are by channel; what counts is that ``taken`` fits ``capacity``.

    ``version`` is that of a department's system whose time it is; without one it is ours.
    """

    __tablename__ = "appointment_slot"
    __table_args__ = (
        CheckConstraint("taken >= 0 AND taken <= capacity", name="appointment_slot_never_oversold"),
        Index("appointment_slot_time", "resource_id", "starts_at", unique=True),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    resource_id: UUID = Field(foreign_key="appointment_resource.id")
    schedule_id: UUID = Field(sa_column=Column(ForeignKey("appointment_schedule.id"), nullable=False))
    starts_at: datetime
    ends_at: datetime
    capacity: int
    taken: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    quota: list[int] = Field(sa_column=Column(ARRAY(SmallInteger), nullable=False))
    used: list[int] = Field(sa_column=Column(ARRAY(SmallInteger), nullable=False, server_default="{0,0,0,0}"))
    status: SlotStatus = Field(default="open", sa_type=String)
    version: int | None = Field(default=None, sa_type=BigInteger)


class AppointmentLine(SQLModel, table=True):
    """All slots of a resource from a day on, as bits (``bits``): what is searched instead of slots.

    A bit is ``unit_minutes`` long, the first one begins at ``begins_at``; bytes are little-endian. ``serves`` has the
    slots of each of ``services``, ``bits`` those that are open, that have a place left, and that each channel has.
    """

    __tablename__ = "appointment_line"
    __table_args__ = (Index("appointment_line_services", "services", postgresql_using="gin"),)

    resource_id: UUID = Field(primary_key=True, foreign_key="appointment_resource.id")
    begins_at: datetime
    unit_minutes: int
    services: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    serves: list[bytes] = Field(sa_column=Column(ARRAY(LargeBinary), nullable=False))
    bits: list[bytes] = Field(sa_column=Column(ARRAY(LargeBinary), nullable=False))
