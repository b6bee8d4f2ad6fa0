"""The rows of what front ends ask: documents without their values, who registered them, and how often they were sent.

docs/decisions/0052-recorded-operations.md says what is kept, and why no personal data is.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel


class Document(SQLModel, table=True):
    """A document in the form of ``supergraph.recorded_text``, and the services that its root fields name."""

    __tablename__ = "document"
    __table_args__ = (Index("document_services", "services", postgresql_using="gin"),)

    sha256: str = Field(primary_key=True)
    text: str
    services: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    created_at: datetime


class DocumentRegistered(SQLModel, table=True):
    """That a release of a client's app has this document."""

    __tablename__ = "document_registered"

    client: str = Field(primary_key=True, foreign_key="client.client_id")
    sha256: str = Field(primary_key=True, foreign_key="document.sha256", index=True)
    at: datetime


class DocumentSent(SQLModel, table=True):
    """How often a client sent an operation on a day of UTC+8; ``""`` is who did not sign in, or has no name."""

    __tablename__ = "document_sent"

    sha256: str = Field(primary_key=True, foreign_key="document.sha256")
    operation: str = Field(primary_key=True)
    client: str = Field(primary_key=True)
    day: date = Field(primary_key=True, index=True)
    count: int = Field(sa_column=Column(BigInteger, nullable=False))


class DocumentTeam(SQLModel, table=True):
    """The department whose credential registers the documents of one of the city's own apps, which are no one's."""

    __tablename__ = "document_team"

    client: str = Field(primary_key=True, foreign_key="client.client_id")
    department: str = Field(foreign_key="department.name")


class UsageRecording(SQLModel, table=True):
    """One row: since when nothing that was sent has been left out. Whatever is lost moves it to that moment."""

    __tablename__ = "usage_recording"
    __table_args__ = (CheckConstraint("id = 1", name="usage_recording_one_row"),)

    id: int = Field(default=1, primary_key=True)
    since: datetime
