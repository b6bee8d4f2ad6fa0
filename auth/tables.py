"""The rows of who is asking: for now the credentials by which departments publish."""

from datetime import datetime

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel


class DepartmentCredential(SQLModel, table=True):
    """Lets its bearer publish for one department. The secret itself is nowhere stored."""

    __tablename__ = "department_credential"

    key_id: str = Field(primary_key=True)
    department: str = Field(foreign_key="department.name", index=True)
    secret_digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
