"""The rows of what departments asked of applicants: how often on each day, and what was not in the guide."""

from datetime import date

from sqlmodel import Field, SQLModel


class GuideDay(SQLModel, table=True):
    """How often a department asked applicants of an entry for something on a day of UTC+8.

    ``beyond`` of the ``asked`` calls went beyond the published entry, and ``refused`` of those were refused.
    """

    __tablename__ = "guide_day"

    department: str = Field(primary_key=True, foreign_key="department.name")
    entry: str = Field(primary_key=True, foreign_key="entry.code")
    day: date = Field(primary_key=True, index=True)
    asked: int = 0
    beyond: int = 0
    refused: int = 0


class GuideBreach(SQLModel, table=True):
    """One thing that was asked for on a day and that the entry did not list, and how often."""

    __tablename__ = "guide_breach"

    department: str = Field(primary_key=True, foreign_key="department.name")
    entry: str = Field(primary_key=True, foreign_key="entry.code")
    day: date = Field(primary_key=True, index=True)
    kind: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    count: int = 0
