"""The rows of place codes: the stickers, the keys that they are made by, patrols that looked, residents' reports."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, String, text
from sqlmodel import Field, SQLModel

from flows.codes.place_codes import PlaceKind
from kernel.crypto.suite import SuiteName
from kernel.ids import uuid7

PlaceStatus = Literal["active", "retired"]
PatrolDueState = Literal["open", "patrolled", "retired"]
Finding = Literal["ok", "missing", "damaged", "covered", "moved"]


class PlaceKey(SQLModel, table=True):
    """A key of the MAC in place codes. The newest makes codes; a retired one's stickers are to be replaced."""

    __tablename__ = "place_key"
    __table_args__ = (CheckConstraint("kid BETWEEN 0 AND 255", name="place_key_of_a_byte"),)

    kid: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    suite: SuiteName = Field(sa_type=String)
    secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False, info={"sealed": "place_key.secret"}))
    created_at: datetime
    retired_at: datetime | None = None


class StaticCode(SQLModel, table=True):
    """A sticker: what stands at ``reference`` (such as ``bay:<uuid>``, which the flow above knows), and how it fares.

    ``short_code`` is printed beside the picture and shown after a scan, so that people can compare. ``kid`` is the
    key's that its newest sheet was made with.
    """

    __tablename__ = "static_code"
    __table_args__ = (
        Index("static_code_reference", "reference", unique=True, postgresql_where=text("status = 'active'")),
    )

    object_id: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    short_code: str = Field(unique=True)
    kind: PlaceKind = Field(sa_type=String)
    reference: str
    name_zh: str
    name_en: str
    street_zh: str
    street_en: str = Field(default="", sa_column_kwargs={"server_default": ""})
    photo_url: str = ""
    latitude: float | None = None
    longitude: float | None = None
    kid: int = Field(foreign_key="place_key.kid")
    status: PlaceStatus = Field(default="active", sa_type=String)
    created_at: datetime
    retired_at: datetime | None = None
    last_verified_at: datetime | None = None


class PlacePatrol(SQLModel, table=True):
    """Somebody of the city has scanned a sticker where it hangs, and says what they found."""

    __tablename__ = "place_patrol"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    object_id: bytes = Field(sa_column=Column(LargeBinary, nullable=False, index=True))
    found: Finding = Field(sa_type=String)
    actor: str
    at: datetime
    metres: int | None = None  # between where it was scanned and where it should hang


class PatrolDue(SQLModel, table=True):
    """A work item: no patrol has seen a sticker for 30 days. Open until one sees it well, or the sticker is retired."""

    __tablename__ = "patrol_due"
    __table_args__ = (Index("patrol_due_open", "object_id", unique=True, postgresql_where=text("state = 'open'")),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    object_id: bytes = Field(sa_column=Column(ForeignKey("static_code.object_id"), nullable=False))
    due_at: datetime
    opened_at: datetime
    state: PatrolDueState = Field(default="open", sa_type=String)
    ended_at: datetime | None = None


class PlaceReport(SQLModel, table=True):
    """Somebody has scanned a code that is not ours, or has told that a sticker is wrong. No word of who or where.

    ``object_id`` is what the code claims to be, if it is one that there is.
    """

    __tablename__ = "place_report"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    scanned: str  # as it was read, cut
    object_id: bytes | None = Field(default=None, sa_column=Column(LargeBinary, index=True))
    at: datetime
    request_id: str = Field(unique=True)
