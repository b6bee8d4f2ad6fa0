"""The rows of codes: who reads them, the keys and phones they are signed by, what is revoked, and each use."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from flows.codes.revocations import Kind
from kernel.ids import uuid7

Result = Literal["ok", "replay", "revoked", "too_far"]


def _texts() -> Any:
    return Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))


def _bytes(**info: str) -> Any:
    return Field(sa_column=Column(LargeBinary, nullable=False, info=info))


class CodeVerifier(SQLModel, table=True):
    """A device or counter that reads codes. Its licence is ``purposes``, and ``claims``: what it is told of a holder.

    Verifiers of one ``verifier_group`` know a resident by the same name. ``latitude`` and ``longitude`` say where it
    stands, if it stays there.
    """

    __tablename__ = "code_verifier"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    name_zh: str
    name_en: str
    purposes: list[str] = _texts()
    claims: list[str] = _texts()
    verifier_group: str
    latitude: float | None = None
    longitude: float | None = None
    secret: bytes = _bytes(sealed="code_verifier.secret")
    registered_at: datetime
    revoked_at: datetime | None = None


class CodeKey(SQLModel, table=True):
    """An Ed25519 key pair of one purpose. It signs from ``active_from`` until a later one of its purpose does.

    ``version`` is the key set's as of the row's last change. ``until`` is when verifiers stop believing it.
    """

    __tablename__ = "code_key"

    kid: str = Field(primary_key=True)  # 4 hexadecimal digits, never given twice
    purpose: str = Field(index=True)
    public: bytes = _bytes()
    private: bytes = _bytes(sealed="code_key.private")
    created_at: datetime
    active_from: datetime
    until: datetime | None = None
    compromised_at: datetime | None = None
    version: int = Field(sa_column=Column(BigInteger, nullable=False))


class CodeRevocation(SQLModel, table=True):
    """Something that verifiers refuse although its signature holds, if it was issued up to ``at``.

    It stays on the list ``until`` nothing that it stops could be accepted any more.
    """

    __tablename__ = "code_revocation"
    __table_args__ = (Index("code_revocation_value", "kind", "value"),)

    version: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    kind: Kind = Field(sa_type=String)
    value: bytes = _bytes()
    at: datetime
    until: datetime = Field(index=True)
    reason: str


class CodeDevice(SQLModel, table=True):
    """A phone that may sign codes for an account, by the key in its key store. An account has one at a time.

    ``trusted_until`` is the end of the last credential that it was given: so long gates without a network believe it.
    """

    __tablename__ = "code_device"
    __table_args__ = (
        Index("code_device_of_account", "account_id", unique=True, postgresql_where=text("revoked_at IS NULL")),
    )

    public: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))  # P-256, compressed
    account_id: UUID = Field(foreign_key="account.id", index=True)
    bound_at: datetime
    trusted_until: datetime
    revoked_at: datetime | None = None


class CodeUse(SQLModel, table=True):
    """A verifier has read a resident's code: asked the platform, or judged it itself and told later (``offline``).

    Once for each request of a verifier, and accepted online once. ``code_id`` is a signed code's ``cti``, an opaque
    code's SHA-256.
    """

    __tablename__ = "code_use"
    __table_args__ = (
        UniqueConstraint("verifier_id", "request_id", "code_id", name="code_use_once"),
        Index(
            *("code_use_once_online", "code_id"),
            unique=True,
            postgresql_where=text("result = 'ok' AND NOT offline"),
        ),
        Index("code_use_code", "code_id"),
        Index("code_use_account", "account_id", "id"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    code_id: bytes = _bytes()
    account_id: UUID | None = Field(default=None, foreign_key="account.id")
    verifier_id: UUID = Field(foreign_key="code_verifier.id")
    purpose: str
    claims: list[str] = _texts()
    used_at: datetime
    received_at: datetime
    offline: bool = False
    result: Result = Field(sa_type=String)
    request_id: str


class CodeDoubleUse(SQLModel, table=True):
    """One code was accepted twice: offline at two sites, or offline at one and online at another. People look at it."""

    __tablename__ = "code_double_use"
    __table_args__ = (CheckConstraint("first_use <> second_use", name="code_double_use_of_two"),)

    code_id: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    first_use: UUID = Field(foreign_key="code_use.id", ondelete="CASCADE")
    second_use: UUID = Field(foreign_key="code_use.id", ondelete="CASCADE")
    found_at: datetime


class CodeTravel(SQLModel, table=True):
    """An alarm: two codes of one resident were accepted further apart than anybody travels in between."""

    __tablename__ = "code_travel"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True)
    first_use: UUID = Field(foreign_key="code_use.id", ondelete="CASCADE")
    second_use: UUID = Field(foreign_key="code_use.id", ondelete="CASCADE")
    metres: int
    seconds: int
    found_at: datetime
