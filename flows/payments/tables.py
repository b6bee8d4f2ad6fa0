"""The rows of payments: orders, attempts, refunds, hosts' notices, debit mandates, and the ledger.

Amounts are fen. Nothing is deleted but old notices; rows of the ledger are not even changed, which triggers of the
migration see to.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from adapters.channel import Provider
from flows.payments.states import LIVE_ATTEMPTS, AttemptState, MandateState, OrderState, RefundState
from kernel.ids import uuid7

Because = Literal["asked", "late", "twice", "amount", "returned"]
"""Why money goes back: somebody asked for it; it came late, twice or in another amount; the host says that it did."""


def new_number() -> str:
    """A number for a host: 32 letters and digits, unique for ever, as every host takes them."""
    return uuid7().hex


class PaymentOrder(SQLModel, table=True):
    """What somebody owes. ``about`` and ``payee`` are ``kind:id``; ``hears`` is the task that is told of changes.

    ``closing``: nobody wants it paid any more, it closes as soon as no attempt can be paid. ``refunded`` is what has
    reached the resident.
    """

    __tablename__ = "payment_order"
    __table_args__ = (
        UniqueConstraint("account_id", "idempotency_key", name="payment_order_once"),
        CheckConstraint("amount >= 0 AND refunded >= 0 AND refunded <= amount", name="payment_order_amounts"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True)
    idempotency_key: str
    about: str = Field(index=True)
    hears: str = ""
    payee: str
    subject: str  # what the payer reads
    lines: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    amount: int = Field(sa_type=BigInteger)
    refunded: int = Field(default=0, sa_type=BigInteger)
    state: OrderState = Field(default="created", sa_type=String)
    closing: bool = False
    paid_by: str | None = None  # the number of the attempt
    paid_at: datetime | None = None
    expires_at: datetime
    created_at: datetime
    changed_at: datetime


def _live() -> Index:
    states = ", ".join(f"'{each}'" for each in sorted(LIVE_ATTEMPTS))
    return Index(
        "payment_attempt_live", "order_id", "app_id", unique=True, postgresql_where=text(f"state IN ({states})")
    )


class PaymentAttempt(SQLModel, table=True):
    """One try at one host app. ``number`` is ours there and the idempotency key; an unknown outcome never gets another.

    Of one order and app one attempt is live at a time. ``paid_amount`` and ``transaction`` are the host's word.
    """

    __tablename__ = "payment_attempt"
    __table_args__ = (
        _live(),
        CheckConstraint("amount > 0", name="payment_attempt_amount"),
        Index("payment_attempt_paid", "app_id", "paid_at", postgresql_where=text("paid_at IS NOT NULL")),
    )

    number: str = Field(default_factory=new_number, primary_key=True, max_length=32)
    order_id: UUID = Field(foreign_key="payment_order.id", index=True)
    provider: Provider = Field(sa_type=String)
    app_id: str
    identity_id: UUID | None = Field(default=None, foreign_key="identity.id")  # None: charged by a debit mandate
    mandate_id: UUID | None = Field(default=None, foreign_key="debit_mandate.id")
    amount: int = Field(sa_type=BigInteger)
    state: AttemptState = Field(default="created", sa_type=String)
    transaction: str = Field(default="", index=True)
    paid_amount: int | None = Field(default=None, sa_type=BigInteger)
    paid_at: datetime | None = None
    queries: int = 0
    said: str = ""  # the latest refusal or failure, for people
    expires_at: datetime
    created_at: datetime
    changed_at: datetime


class PaymentRefund(SQLModel, table=True):
    """Money on its way back. ``number`` is ours at the host: by one number it is given back once, however often asked.

    ``because`` other than ``asked`` is the platform's own doing; such a refund has its attempt's number in its key.
    """

    __tablename__ = "payment_refund"
    __table_args__ = (
        UniqueConstraint("order_id", "idempotency_key", name="payment_refund_once"),
        CheckConstraint("amount > 0", name="payment_refund_amount"),
        Index("payment_refund_stuck", "changed_at", postgresql_where=text("state = 'stuck'")),
    )

    number: str = Field(default_factory=new_number, primary_key=True, max_length=32)
    order_id: UUID = Field(foreign_key="payment_order.id", index=True)
    attempt_number: str = Field(foreign_key="payment_attempt.number", index=True)
    idempotency_key: str
    because: Because = Field(default="asked", sa_type=String)
    reason: str = ""
    amount: int = Field(sa_type=BigInteger)
    state: RefundState = Field(default="requested", sa_type=String)
    queries: int = 0
    said: str = ""
    done_at: datetime | None = None
    created_at: datetime
    changed_at: datetime


class PaymentNotice(SQLModel, table=True):
    """A genuine message of a host's, kept as it came; the same message again is counted. ``outcome`` says what it did.

    Those that a person has to look at have ``odd``.
    """

    __tablename__ = "payment_notice"
    __table_args__ = (
        UniqueConstraint("app_id", "message_id", name="payment_notice_once"),
        Index("payment_notice_odd", "last_at", postgresql_where=text("odd")),
        Index("payment_notice_last", "last_at"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    app_id: str
    message_id: str
    number: str = Field(default="", index=True)  # of the attempt or refund that it is about
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False, info={"sealed": "payment_notice.body"}))
    times: int = 1
    outcome: str = ""
    odd: bool = False
    first_at: datetime
    last_at: datetime


class DebitMandate(SQLModel, table=True):
    """That a host app may charge an account for an object without asking each time, up to ``limit_each`` fen.

    ``about`` is ``kind:id``, such as ``vehicle:<uuid>``; ``contract`` the host's number. Consent: to which wording,
    and when.
    """

    __tablename__ = "debit_mandate"
    __table_args__ = (
        Index(
            "debit_mandate_one",
            "account_id",
            "about",
            "app_id",
            unique=True,
            postgresql_where=text("state <> 'terminated'"),
        ),
        CheckConstraint("limit_each > 0", name="debit_mandate_limit"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True)
    about: str = Field(index=True)
    provider: Provider = Field(sa_type=String)
    app_id: str
    contract: str = ""
    limit_each: int = Field(sa_type=BigInteger)
    state: MandateState = Field(default="signed", sa_type=String)
    because: str = ""  # it is suspended or terminated
    consent_version: int
    consented_at: datetime
    changed_at: datetime


class LedgerTransaction(SQLModel, table=True):
    """Entries that belong together. ``key`` is what they are of, such as ``paid:<number>``, and happens once.

    ``entries`` is how many there are, so that none can be added later.
    """

    __tablename__ = "ledger_transaction"
    __table_args__ = (CheckConstraint("entries >= 2", name="ledger_transaction_entries"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    key: str = Field(unique=True)
    about: str = Field(index=True)  # kind:id
    entries: int
    at: datetime = Field(index=True)


class LedgerEntry(SQLModel, table=True):
    """One side of a transaction in one account: either a debit or a credit, in fen."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        CheckConstraint("debit >= 0 AND credit >= 0 AND (debit > 0) <> (credit > 0)", name="ledger_entry_one_side"),
        Index("ledger_entry_account", "account", "transaction_id"),
    )

    transaction_id: UUID = Field(foreign_key="ledger_transaction.id", primary_key=True)
    place: int = Field(primary_key=True)
    account: str
    debit: int = Field(default=0, sa_type=BigInteger)
    credit: int = Field(default=0, sa_type=BigInteger)
