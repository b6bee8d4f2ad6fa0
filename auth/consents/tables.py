"""The ledger of consents. Rows are only ever added: the database refuses to change or remove one."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, LargeBinary, String
from sqlmodel import Field, SQLModel

Act = Literal["given", "withdrawn", "informed"]
How = Literal["screen", "window", "phone", "letter"]


class Consent(SQLModel, table=True):
    """Somebody gave or withdrew their consent to ``client``, or was told where the law does not ask for it.

    The row with the highest ``number`` says how a purpose stands. ``digest`` is that of the wording
    (``Purpose.digest``); a withdrawal repeats what it withdraws. ``mandate_id`` is that of the guardian who did it in a
    child's place.
    """

    __tablename__ = "consent"
    __table_args__ = (
        Index("consent_standing", "account_id", "client", "purpose", "number"),
        CheckConstraint("version > 0", name="consent_of_a_version"),
    )

    number: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    account_id: UUID
    client: str  # a client id, or a service's name
    purpose: str
    version: int
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    act: Act = Field(sa_type=String)
    at: datetime
    how: How = Field(sa_type=String)
    mandate_id: UUID | None = None
