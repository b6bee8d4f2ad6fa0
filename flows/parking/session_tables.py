"""The rows of what happens: gate events, the sessions that follow, quotes, payments, coupons, disputes, notices.

Events are facts and only ever added. A session is a projection of its events, payments and coupons (``sessions``),
written anew whenever one comes. ``credential`` is the blind index of a plate, ticket or pass holder (``credentials``).
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, LargeBinary, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from adapters.parking import PlateColor, ProductKind, ServiceState
from flows.notices.tables import Notice
from kernel.ids import uuid7

EventKind = Literal[
    "enter",
    "exit",
    "deny",
    "manual_open",
    "heartbeat",
    "park_start",  # of a bay, as CDS events have it
    "park_end",
    "charge_start",  # of an electric vehicle, inside
    "charge_end",
    "observed",  # a plate in a bay, read by a camera, by an inspector or off the QR code that the driver scanned
]
DecisionKind = Literal["open", "pay", "review", "deny", "noted"]
Match = Literal["exact", "fuzzy", "review", "none"]
PaymentKind = Literal["prepay", "debit", "arrears"]
DisputeState = Literal["open", "adjusted", "rejected"]
ScanAct = Literal["enter", "leave", "find"]


class ParkingEvent(SQLModel, table=True):
    """An event of a gate or of a bay. ``raw`` is what was sent, sealed; the columns are what is looked for.

    ``opened``: whether the vehicle passed: as the device says, or by the decision that it was given.
    ``id`` follows from device and event id, and sorts by ``occurred_at``.
    """

    __tablename__ = "parking_event"
    __table_args__ = (
        Index("parking_event_id", "device_id", "event_id", unique=True),
        Index("parking_event_seq", "device_id", "seq", unique=True),
        Index("parking_event_credential", "lot_id", "credential", "occurred_at"),
        Index("parking_event_bay", "bay_id", "occurred_at", postgresql_where=text("bay_id IS NOT NULL")),
        Index("parking_event_received", "received_at", postgresql_using="brin"),  # rows come in that order
    )

    id: UUID = Field(primary_key=True)
    device_id: str
    event_id: UUID
    seq: int = Field(sa_type=BigInteger)
    lot_id: UUID = Field(foreign_key="parking_lot.id")
    lane_id: UUID | None = Field(default=None, foreign_key="parking_lane.id")
    bay_id: UUID | None = Field(default=None, foreign_key="parking_bay.id")
    kind: EventKind = Field(sa_type=String)
    credential: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    occurred_at: datetime
    received_at: datetime
    opened: bool
    decision: DecisionKind = Field(sa_type=String)
    reason: str = ""
    due_fen: int = 0
    paid_fen: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # what the site took with it
    raw: bytes = Field(sa_column=Column(LargeBinary, nullable=False, info={"sealed": "parking_event.raw"}))


class ParkingSession(SQLModel, table=True):
    """A vehicle's stay in a lot, or in a bay of a street (APDS session).

    ``id`` follows from its first event, so any order gives the same.
    ``superseded_by``: a late event showed that it is part of another session; what was paid for it counts there.
    ``closing_fen`` is the fee of a session that ended, ``adjusted_fen`` what a dispute made of it.
    ``looked_at`` is when the next step of time is due: an orphan, arrears, a reminder. ``changed_in`` is the number of
    the transaction that wrote it last, set by a trigger: sites' boxes are told of changes by it (``site_revision``).
    """

    __tablename__ = "parking_session"
    __table_args__ = (
        Index("parking_session_credential", "lot_id", "credential", "opened_at"),
        Index("parking_session_bay", "bay_id", "opened_at", postgresql_where=text("bay_id IS NOT NULL")),
        Index("parking_session_trail", "credential", "opened_at"),
        Index(
            "parking_session_inside",
            "lot_id",
            "entered_at",
            postgresql_where=text("left_at IS NULL AND superseded_by IS NULL"),
        ),
        Index(
            "parking_session_unmatched",
            "lot_id",
            "opened_at",
            postgresql_where=text("match <> 'exact' AND superseded_by IS NULL"),
        ),
        Index("parking_session_free", "lot_id", "entered_at", postgresql_where=text("free_used")),
        Index("parking_session_due", "looked_at", postgresql_where=text("looked_at IS NOT NULL")),
        Index("parking_session_superseded", "superseded_by", postgresql_where=text("superseded_by IS NOT NULL")),
        Index("parking_session_changed", "lot_id", "changed_in"),
        Index("parking_session_review", "lot_id", "opened_at", postgresql_where=text("review <> ''")),
    )

    id: UUID = Field(primary_key=True)
    lot_id: UUID = Field(foreign_key="parking_lot.id")
    credential: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    credential_text: bytes = Field(
        sa_column=Column(LargeBinary, nullable=False, info={"sealed": "parking_session.credential_text"})
    )
    state: str  # of garage_states or roadside_states
    opened_at: datetime  # of its first event
    entered_at: datetime | None = None
    left_at: datetime | None = None
    joined_event: UUID | None = None  # of the exit whose plate is near, if match is fuzzy
    released: str = ""  # why it left without paying first: fail_open, manual, later
    match: Match = Field(default="exact", sa_type=String)
    review: str = ""  # why a person should look at it
    bay_id: UUID | None = Field(default=None, foreign_key="parking_bay.id")
    tariff_id: UUID | None = Field(default=None, foreign_key="parking_tariff.id")
    vehicle_class: str = "small"
    free_used: bool = False
    charging_from: datetime | None = None
    charging_until: datetime | None = None
    closing_fen: int | None = None
    adjusted_fen: int | None = None
    paid_fen: int = 0  # less what was refunded
    coupons_fen: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # what they take off, or may
    dispute: str = ""  # open or decided
    orphan_closed_at: datetime | None = None
    written_off_at: datetime | None = None
    lines: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    quoted_until: datetime | None = None
    debited_at: datetime | None = None  # a debit was tried: there is no second one
    reminders: int = 0
    looked_at: datetime | None = None
    superseded_by: UUID | None = None
    updated_at: datetime
    changed_in: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})

    @property
    def ended_at(self) -> datetime | None:
        """When the vehicle left, or the session was closed because nobody saw it leave."""
        return self.left_at or self.orphan_closed_at


class ParkingQuote(SQLModel, table=True):
    """What a session costs as of a moment: ``due_fen`` suffices if it is paid by ``expires_at``."""

    __tablename__ = "parking_quote"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    session_id: UUID = Field(foreign_key="parking_session.id", index=True)
    account_id: UUID | None = Field(default=None, foreign_key="account.id")
    as_of: datetime
    expires_at: datetime
    next_raise_at: datetime | None = None
    fee_fen: int
    paid_fen: int
    due_fen: int
    tariff_id: UUID = Field(foreign_key="parking_tariff.id")
    lines: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))


class ParkingPayment(SQLModel, table=True):
    """An order of ``flows.payments`` for a session, as parking needs it. It covers the time to ``covers_until``."""

    __tablename__ = "parking_payment"
    __table_args__ = (
        Index(
            "parking_payment_pending",
            "session_id",
            unique=True,
            postgresql_where=text("paid_at IS NULL AND closed_at IS NULL"),
        ),
        CheckConstraint("0 <= refunded_fen AND refunded_fen <= amount_fen", name="parking_payment_refunded"),
    )

    order_id: UUID = Field(primary_key=True)
    session_id: UUID = Field(foreign_key="parking_session.id", index=True)
    account_id: UUID | None = Field(default=None, foreign_key="account.id", index=True)
    kind: PaymentKind = Field(sa_type=String)
    amount_fen: int
    mandate_id: UUID | None = Field(default=None, foreign_key="debit_mandate.id")  # of a debit
    quoted_at: datetime  # the moment whose fee it pays
    covers_until: datetime
    paid_at: datetime | None = None
    closed_at: datetime | None = None
    refunded_fen: int = 0  # asked back


class ParkingCoupon(SQLModel, table=True):
    """An amount off what a session costs (``coupons``), granted by a shop or by the lot's operator.

    ``reference`` is the program's own number: with the same one a coupon is granted once.
    """

    __tablename__ = "parking_coupon"
    __table_args__ = (
        Index("parking_coupon_reference", "client_id", "reference", unique=True),
        CheckConstraint("amount_fen > 0", name="parking_coupon_amount"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    session_id: UUID = Field(foreign_key="parking_session.id", index=True)
    amount_fen: int
    given_by: str
    client_id: str  # of the program that granted it
    reference: str
    granted_at: datetime
    revoked_at: datetime | None = None


class ParkingHostStay(SQLModel, table=True):
    """A stay as one parking product of a host app knows it. ``reference`` is the host's number, empty if it has none.

    ``plate``, ``color``, ``lot`` (the host's id of it) and ``entered_at`` are as the host was told: it hears the same
    ever after. ``paid`` are the payments that it was told of, by their numbers there, ``left_at`` the exit. ``service``
    is its latest word on whether it takes the fee by itself, and ``said_at`` its time, if it has changed its mind.
    """

    __tablename__ = "parking_host_stay"

    session_id: UUID = Field(foreign_key="parking_session.id", primary_key=True)
    app_id: str = Field(primary_key=True)
    product: ProductKind = Field(sa_type=String, primary_key=True)
    reference: str
    service: ServiceState = Field(sa_type=String)
    plate: bytes = Field(sa_column=Column(LargeBinary, nullable=False, info={"sealed": "parking_host_stay.plate"}))
    color: PlateColor = Field(sa_type=String)
    lot: str
    entered_at: datetime
    paid: list[str] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    left_at: datetime | None = None
    said_at: datetime | None = None
    changed_at: datetime


class ParkingDispute(SQLModel, table=True):
    """Somebody says that a session or its fee is wrong; an operator decides what is right."""

    __tablename__ = "parking_dispute"
    __table_args__ = (
        Index("parking_dispute_open", "session_id", unique=True, postgresql_where=text("state = 'open'")),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    session_id: UUID = Field(foreign_key="parking_session.id", index=True)
    account_id: UUID = Field(foreign_key="account.id", index=True)
    state: DisputeState = Field(default="open", sa_type=String)
    reason: str  # a code
    words: bytes | None = Field(default=None, sa_column=Column(LargeBinary, info={"sealed": "parking_dispute.words"}))
    opened_at: datetime
    decided_at: datetime | None = None
    decided_by: str = ""
    adjusted_fen: int | None = None


class ParkingNotice(Notice, table=True):
    """What whoever parked is told: once a session and kind."""

    __tablename__ = "parking_notice"
    __table_args__ = (Index("parking_notice_once", "session_id", "kind", unique=True),)

    session_id: UUID = Field(foreign_key="parking_session.id")
    kind: str  # billed, arrears_1, arrears_2, arrears_3, orphan_closed, debit_failed, charging_over
    amount_fen: int


class ParkingScan(SQLModel, table=True):
    """A resident scanned a code of a lot and named a vehicle of theirs: they may see its session of that moment.

    ``act``: ``enter`` began it, ``leave`` ended it, ``find`` only saw it. By ``key``, the app's, two sent are one scan.
    """

    __tablename__ = "parking_scan"
    __table_args__ = (
        Index("parking_scan_once", "account_id", "key", unique=True),
        Index("parking_scan_of", "lot_id", "credential", "at"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id")
    key: str
    act: ScanAct = Field(sa_type=String)
    lot_id: UUID = Field(foreign_key="parking_lot.id")
    credential: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    at: datetime
