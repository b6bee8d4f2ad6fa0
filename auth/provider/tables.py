"""The rows of the provider: what sites were told, until the audit log has it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from kernel.ids import uuid7


class PersonalDataRead(SQLModel, table=True):
    """A client was told ``claims`` of an account: which, never what they say. It goes when the audit log has it."""

    __tablename__ = "personal_data_read"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    at: datetime
    client_id: str
    account_id: UUID
    claims: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    request_id: str
