"""The rows of the city's organisations: the tree as it is, where each stood when, and every change.

Two lines run through the tree: ``path`` follows ``parent`` (who governs), ``guidance_path`` follows
``guidance_parent`` (which ministry's line). A path is the codes from the root down, joined by "/", in the "C"
collation: a subtree is one range of its index.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from kernel.ids import uuid7
from services_catalog.organisations.calendars import DayKind
from services_catalog.organisations.words import Kind, Line, Tier

FOREVER = date.max  # PostgreSQL's infinity, as asyncpg reads and writes it
EVER = date.min  # -infinity

_PARENT = "left({0}path, greatest(length({0}path) - length(organisation) - 1, 0))"


def _path() -> Any:
    return Field(sa_type=Text(collation="C"))


class Organisation(SQLModel, table=True):
    """A body or area of the city as it is today, or was when it closed.

    It exists on the days from ``valid_from`` (None: ever) to the day before ``valid_to`` (None: no end). Its paths
    follow the present parents, for closed ones too.
    """

    __tablename__ = "organisation"
    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="organisation_begins_before_it_ends"),
        Index("organisation_path", "path"),
        Index("organisation_guidance_path", "guidance_path"),
        Index(
            "organisation_point",
            text("point(longitude, latitude)"),
            postgresql_using="gist",
            postgresql_where=text("tier IN ('village', 'grid') AND longitude IS NOT NULL"),
        ),
    )

    code: str = Field(primary_key=True)  # services_catalog.organisations.words.CODE_PATTERN
    name_zh: str
    name_en: str | None = None
    short_name: str | None = None
    tier: Tier = Field(sa_type=String)
    kind: Kind = Field(sa_type=String)
    parent: str | None = Field(default=None, foreign_key="organisation.code", index=True)
    guidance_parent: str | None = Field(default=None, foreign_key="organisation.code", index=True)
    region_code: str | None = None  # GB/T 2260, or the longer statistical code
    credit_code: str | None = None  # GB 32100
    valid_from: date | None = None
    valid_to: date | None = None
    merged_into: str | None = Field(default=None, foreign_key="organisation.code")
    calendar: str | None = Field(default=None, foreign_key="calendar.name")  # None: that of the nearest above
    contact: str | None = None  # an office's telephone or address, for the public
    longitude: float | None = None  # degrees, WGS84
    latitude: float | None = None
    path: str = _path()
    guidance_path: str = _path()


class OrganisationPlace(SQLModel, table=True):
    """Where an organisation stood on the days from ``since`` to the day before ``until``; the last row is the present.

    The rows of one organisation follow each other without a gap, from its beginning to its end.
    """

    __tablename__ = "organisation_place"
    __table_args__ = (
        CheckConstraint("since < until", name="organisation_place_begins_before_it_ends"),
        *(Index(f"organisation_place_{line}parent", text(_PARENT.format(line))) for line in ("", "guidance_")),
        Index("organisation_place_path", "path", postgresql_include=["since", "until"]),
        Index("organisation_place_guidance_path", "guidance_path", postgresql_include=["since", "until"]),
    )

    organisation: str = Field(primary_key=True, foreign_key="organisation.code")
    since: date = Field(primary_key=True)
    until: date = FOREVER
    path: str = _path()
    guidance_path: str = _path()


class OrganisationChange(SQLModel, table=True):
    """What somebody changed of an organisation, and from which day on it is so. Rows are only ever added.

    ``before`` and ``after`` hold the columns that changed, and nothing for an organisation that was added.
    """

    __tablename__ = "organisation_change"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    organisation: str = Field(foreign_key="organisation.code", index=True)
    change: str  # added, moved, renamed, closed, merged, changed
    effective: date
    at: datetime
    actor: str  # as in the audit log
    before: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    after: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))


class Responsibility(SQLModel, table=True):
    """An organisation answers for a matter (a generic item's code or a topic's) within its area, for some days."""

    __tablename__ = "responsibility"
    __table_args__ = (CheckConstraint("valid_from < valid_to", name="responsibility_begins_before_it_ends"),)

    organisation: str = Field(primary_key=True, foreign_key="organisation.code")
    matter: str = Field(primary_key=True, index=True)
    valid_from: date = Field(default=EVER, primary_key=True)
    valid_to: date = FOREVER


class RoleHeld(SQLModel, table=True):
    """Somebody has a role at an organisation and all below it on ``line``, from ``valid_from`` until ``valid_to``.

    ``holder`` and ``granted_by`` are actors as in the audit log. A role that was taken away has a ``valid_to``.
    """

    __tablename__ = "role_held"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    holder: str = Field(index=True)
    organisation: str = Field(foreign_key="organisation.code", index=True)
    role: str  # services_catalog.organisations.roles.ROLES
    line: Line = Field(default="administrative", sa_type=String)
    valid_from: datetime
    valid_to: datetime | None = None
    granted_by: str


class DutyCalendar(SQLModel, table=True):
    """The usual week of those who work by this calendar; ``week`` has a ``Day`` for Monday to Sunday."""

    __tablename__ = "calendar"

    name: str = Field(primary_key=True)
    time_zone: str = "Asia/Shanghai"
    week: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))


class CalendarDay(SQLModel, table=True):
    """A day that is not like its weekday: a holiday, a day worked in exchange, other hours; and who says so."""

    __tablename__ = "calendar_day"

    calendar: str = Field(primary_key=True, foreign_key="calendar.name")
    day: date = Field(primary_key=True)
    kind: DayKind = Field(sa_type=String)
    hours: str  # as in the file; empty on a working day: as on Monday
    note: str = ""
    source: str = ""
