"""The rows of what lies ready for somebody."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Column, Index, LargeBinary, String
from sqlmodel import Field, SQLModel

import flows.appointments.tables  # noqa: F401 - rows here refer to offices
from kernel.ids import uuid7

State = Literal["ready", "used", "withdrawn"]


class Pickup(SQLModel, table=True):
    """Something that ``issuer``'s staff has filed for a person to pick up at ``office``, until a moment.

    ``person`` is the blind index of an ID number, so that an account that is proven later has it, too; what it is and
    its code are sealed. All three are gone when the person's account is erased. ``reference`` is the issuer's own
    number; ``use_id`` names the request that has used the code.
    """

    __tablename__ = "pickup"
    __table_args__ = (
        Index("pickup_reference", "issuer", "reference", unique=True),
        Index("pickup_person", "person", "id"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    issuer: str = Field(foreign_key="appointment_office.code")
    reference: str
    office: str = Field(foreign_key="appointment_office.code")
    person: bytes | None = None
    title: bytes | None = Field(default=None, sa_column=Column(LargeBinary, info={"sealed": "pickup.title"}))
    code: bytes | None = Field(default=None, sa_column=Column(LargeBinary, info={"sealed": "pickup.code"}))
    code_index: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    until: datetime = Field(index=True)
    state: State = Field(default="ready", sa_type=String)
    filed_at: datetime
    filed_by: str  # as in the audit log
    ended_at: datetime | None = None  # used, or withdrawn
    ended_by: str | None = None
    use_id: str | None = None
