"""The rows of reconciliation: each day's bill of an app as the host made it, and every difference that was found.

Amounts are fen. That a payment is matched has no row: a bill has the counts and sums.
"""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from adapters.bills import LineKind
from flows.payments.reconciliation.comparing import Difference
from kernel.ids import uuid7

DifferenceState = Literal[
    "open",  # a work item: people decide
    "applied",  # the money is in the books now, as if a late callback had come
    "given_back",  # the money goes back to the resident
    "gone",  # a later look no longer finds it
    "closed",  # by a person
]


class HostBill(SQLModel, table=True):
    """A host's bill of a day of Beijing's for one app. ``digest`` tells whether another download is the same.

    ``found``: counts and sums of both sides by what came of them, as of the latest comparison.
    """

    __tablename__ = "host_bill"
    __table_args__ = (UniqueConstraint("app_id", "day", name="host_bill_once"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    app_id: str
    day: date
    lines: int
    digest: str
    found: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    fetched_at: datetime
    compared_at: datetime


class HostBillLine(SQLModel, table=True):
    """A line of a bill. ``number`` is ours: of the payment, or of the refund; ``payment`` is the payment's."""

    __tablename__ = "host_bill_line"
    __table_args__ = (Index("host_bill_line_number", "number", "kind"),)

    bill_id: UUID = Field(foreign_key="host_bill.id", primary_key=True, ondelete="CASCADE")
    place: int = Field(primary_key=True)
    kind: LineKind = Field(sa_type=String)
    number: str
    payment: str
    transaction: str
    amount: int = Field(sa_type=BigInteger)
    fee: int = Field(sa_type=BigInteger)
    at: datetime


class ReconciliationDifference(SQLModel, table=True):
    """What one side has of a movement and the other has not, or otherwise. Found again, it is the same row.

    ``ours`` and ``hosts`` are each side's sum, None where a side has nothing. ``note`` says what was done, or is to do.
    """

    __tablename__ = "reconciliation_difference"
    __table_args__ = (
        UniqueConstraint("app_id", "day", "kind", "number", "difference", name="reconciliation_difference_once"),
        Index("reconciliation_difference_open", "found_at", postgresql_where=text("state = 'open'")),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    app_id: str
    day: date
    difference: Difference = Field(sa_type=String)
    kind: LineKind = Field(sa_type=String)
    number: str
    transaction: str = ""
    order_id: UUID | None = Field(default=None, foreign_key="payment_order.id")
    ours: int | None = Field(default=None, sa_type=BigInteger)
    hosts: int | None = Field(default=None, sa_type=BigInteger)
    state: DifferenceState = Field(default="open", sa_type=String)
    note: str = ""
    found_at: datetime
    changed_at: datetime
