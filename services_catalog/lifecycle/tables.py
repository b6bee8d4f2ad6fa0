"""The rows of the catalogue's entries: what each is, its versions, their steps, what is public, what staff are told.

Nothing is deleted. Codes are the keys, as everything outside refers to entries by code.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from kernel.ids import uuid7
from services_catalog.entries.words import EntryLevel
from services_catalog.lifecycle.states import LIVE, OPEN, State


def _one(name: str, states: frozenset[State]) -> Index:
    listed = ", ".join(f"'{each}'" for each in sorted(states))
    return Index(name, "entry", unique=True, postgresql_where=text(f"state IN ({listed})"))


class Entry(SQLModel, table=True):
    """A generic item, an authority's implementation of it, or a handling case; ``parent`` is the level above.

    ``item`` is the generic item it belongs to, itself for an item: a change of that reaches all of them.
    """

    __tablename__ = "entry"

    code: str = Field(primary_key=True)
    level: EntryLevel = Field(sa_type=String)
    organisation: str = Field(foreign_key="organisation.code", index=True)
    parent: str | None = Field(default=None, foreign_key="entry.code", index=True)
    item: str = Field(index=True)
    created_at: datetime


class EntryVersion(SQLModel, table=True):
    """What one level says, in one version. ``fields`` and ``authorship`` are those of services_catalog.entries.

    ``took_part`` are the actors who edited or submitted it: none of them reviews it. ``findings`` are the rules'.
    """

    __tablename__ = "entry_version"
    __table_args__ = (_one("entry_version_live", LIVE), _one("entry_version_open", OPEN))

    entry: str = Field(primary_key=True, foreign_key="entry.code")
    number: int = Field(primary_key=True)
    state: State = Field(sa_type=String)
    fields: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    authorship: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    took_part: list[str] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    findings: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    reviewer: str | None = None
    publish_at: datetime | None = Field(default=None, index=True)
    because: str = ""  # it is degraded or suspended
    created_at: datetime
    changed_at: datetime


class EntryEvent(SQLModel, table=True):
    """One step of a version's way. Rows are only ever added, and each entry's are a hash chain.

    ``content`` is the SHA-256 of what the version said then; ``hash`` that of the event and the one before it
    (services_catalog.lifecycle.history). ``reasons`` are a reviewer's by field.
    """

    __tablename__ = "entry_event"
    __table_args__ = (Index("entry_event_entry", "entry", "place", unique=True),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    entry: str = Field(foreign_key="entry.code")
    place: int  # in the entry's chain, from 1
    number: int  # of the version
    event: str
    before: str | None
    after: str
    actor: str
    role: str
    reason: str = ""
    reasons: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    at: datetime
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    previous_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class EntryLive(SQLModel, table=True):
    """A live entry as it is read: everything it inherits laid into it. Gateways follow these rows by ``revision``.

    ``shown`` is services_catalog.reading.shown.Shown as JSON; None: the entry is no longer shown, and ``state`` says
    why. ``effective_from`` and ``withdraw_on`` are those of ``shown``, for whoever counts what is seen on a day.
    """

    __tablename__ = "entry_live"
    __table_args__ = (Index("entry_live_revision", "revision"),)

    code: str = Field(primary_key=True, foreign_key="entry.code")
    number: int
    state: State = Field(sa_type=String)
    since: datetime
    shown: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    effective_from: date | None = None
    withdraw_on: date | None = None
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))


class Notice(SQLModel, table=True):
    """What staff of an organisation are told of one of its entries. Rows are only ever added; ids grow with time."""

    __tablename__ = "entry_notice"
    __table_args__ = (Index("entry_notice_organisation", "organisation", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    organisation: str = Field(foreign_key="organisation.code")
    entry: str = Field(foreign_key="entry.code")
    kind: str
    text: str
    at: datetime
