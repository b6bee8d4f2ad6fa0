"""What every flow's notices are: a flow has a table of its own with these columns, and what a notice is of."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import String
from sqlmodel import Field, SQLModel

import auth.accounts.tables  # noqa: F401 - rows here refer to accounts
from kernel.ids import uuid7

NoticeState = Literal["waiting", "told", "untold", "needless"]  # it was settled meanwhile, or so


class Notice(SQLModel):
    """What somebody is told. ``told_by`` is the app that took the message.

    ``why``: what each of them said that did not, or why nobody was asked.
    """

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    account_id: UUID | None = Field(default=None, foreign_key="account.id", index=True)
    kind: str
    at: datetime
    state: NoticeState = Field(default="waiting", sa_type=String)
    told_at: datetime | None = None
    told_by: str = ""
    why: str = ""
