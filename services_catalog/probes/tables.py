"""The rows of the contract probes: what is called, for which entries, what was found, and the numbers of each day."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Probe(SQLModel, table=True):
    """One call: an operation with its arguments. However many entries it opens, it is made once an interval.

    ``id`` is the SHA-256 of what is called (services_catalog.probes.targets). ``down`` None: not decided yet. ``found``
    and ``failure`` are of the latest check, ``because`` of the one that made it down.
    """

    __tablename__ = "probe"
    __table_args__ = (Index("probe_down", "id", postgresql_where=text("down IS true")),)

    id: str = Field(primary_key=True)
    operation: str
    service: str = Field(index=True)
    arguments: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    slow_after_ms: int
    due_at: datetime = Field(index=True)
    taken_until: datetime | None = None  # a worker calls it, or has died
    down: bool | None = None
    streak: int = 0
    since: datetime | None = None  # it has been down, or well
    because: str = ""
    checked_at: datetime | None = None
    took_ms: int | None = None
    failure: str = ""
    found: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))


class ProbedEntry(SQLModel, table=True):
    """That a public entry is opened by what a probe calls."""

    __tablename__ = "probed_entry"

    entry: str = Field(primary_key=True, foreign_key="entry.code")
    probe: str = Field(primary_key=True, foreign_key="probe.id", index=True)
    since: date | None = None  # the entry holds from that day
    until: date | None = None  # and not on that one


class ProbeDay(SQLModel, table=True):
    """What the checks of a service found on a day of UTC+8: how many had each kind of finding."""

    __tablename__ = "probe_day"

    service: str = Field(primary_key=True)
    day: date = Field(primary_key=True, index=True)
    checks: int = 0
    passed: int = 0
    failed: int = 0
    slow: int = 0
    status: int = 0
    unreadable: int = 0
    missing: int = 0
    wrong: int = 0
    extra: int = 0


class ProbesFollow(SQLModel, table=True):
    """One row: up to which revision of the catalogue the probes follow its public entries."""

    __tablename__ = "probes_follow"
    __table_args__ = (CheckConstraint("id = 1", name="probes_follow_one_row"),)

    id: int = Field(default=1, primary_key=True)
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))
