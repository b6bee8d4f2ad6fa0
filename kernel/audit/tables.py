"""The rows of the audit log: entries, the head that numbers them, and anchors. See docs/audit.md.

Entries and anchors are only ever added: triggers of the migration refuse UPDATE, DELETE and TRUNCATE. Nothing here is
residents' data in the clear: people and things appear by their ids.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class AuditEntry(SQLModel, table=True):
    """One thing that somebody did, chained to the entry before it by that one's hash."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("audit_entry_actor", "actor", "seq"),
        Index("audit_entry_object", "object", "seq"),
        Index("audit_entry_at", "at", postgresql_using="brin"),  # entries come in the order of time, nearly
    )

    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))  # from the head's row
    at: datetime
    actor: str
    acr: str
    on_behalf_of: str
    action: str
    object: str
    purpose: str
    result: str
    request_id: str
    details: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    previous_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditHead(SQLModel, table=True):
    """One row: the newest entry. Its lock makes appends wait for each other, so numbers have no gaps."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="audit_head_one_row"),)

    id: int = Field(default=1, primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditAnchor(SQLModel, table=True):
    """The head as it was at one moment, signed: what came before can no longer be changed unnoticed."""

    __tablename__ = "audit_anchor"

    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    at: datetime
    key_id: str  # empty: no key was set
    signature: str  # base64; empty: as above
