"""The rows of a case's papers. A case is a booking and whatever it was moved to: its id is the first one's."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ForeignKey, LargeBinary, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel


def _case_id() -> Column[UUID]:
    return Column(ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True, nullable=False)


class CasePapers(SQLModel, table=True):
    """What is known of a case beside its times. ``document`` is ``keeping.Papers``, sealed.

    ``person`` is the blind index of the ID number of whoever it was booked for without an account; theirs is the case
    as soon as an account proves that number. ``answered`` names the questions that have an answer.
    """

    __tablename__ = "case_papers"

    case_id: UUID = Field(sa_column=_case_id())
    person: bytes | None = Field(default=None, index=True)
    answered: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    document: bytes = Field(sa_column=Column(LargeBinary, nullable=False, info={"sealed": "case_papers.document"}))


class CaseNote(SQLModel, table=True):
    """What staff noted about a case, sealed; its id is chosen by whoever sends it, so that sent twice it is one."""

    __tablename__ = "case_note"

    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(sa_column=Column(ForeignKey("booking.id", ondelete="CASCADE"), nullable=False, index=True))
    actor: str  # as in the audit log
    door: str
    at: datetime
    text: bytes = Field(sa_column=Column(LargeBinary, nullable=False, info={"sealed": "case_note.text"}))
