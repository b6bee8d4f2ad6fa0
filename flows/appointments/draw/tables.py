"""The rows of draws: a service's release of a day, and who came in its first seconds."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, String
from sqlmodel import Field, SQLModel

import auth.accounts.tables  # noqa: F401 - rows here refer to accounts


class AppointmentRelease(SQLModel, table=True):
    """The release of a service's day; ``drawn_at`` when the ranks were written, once."""

    __tablename__ = "appointment_release"

    id: str = Field(primary_key=True)  # <service>.<when it opens>, which is public
    service: str = Field(foreign_key="appointment_service.code")
    opens_at: datetime
    closes_at: datetime
    drawn_at: datetime | None = None
    entries: int = 0  # how many were drawn


class DrawEntry(SQLModel, table=True):
    """Somebody who came in time. ``id`` is public; whose it is nobody can tell from it. ``rank`` counts from 1."""

    __tablename__ = "appointment_draw_entry"
    __table_args__ = (Index("appointment_draw_entry_rank", "release_id", "rank"),)

    release_id: str = Field(sa_column=Column(String, ForeignKey("appointment_release.id"), primary_key=True))
    id: str = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True)
    entered_at: datetime
    rank: int | None = None
