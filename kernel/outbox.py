"""The outbox: a change and the message about it are one transaction; the row lives until its consumer has done it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from kernel.ids import uuid7


class OutboxMessage(SQLModel, table=True):
    """A task that must be done at least once; deleted by the transaction that does it."""

    __tablename__ = "outbox"
    __table_args__ = (Index("outbox_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    task: str
    arguments: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    created_at: datetime
    due_at: datetime | None  # when the sweep sends it (again); None: given up, see last_error
    attempts: int = 0
    last_error: str = ""
