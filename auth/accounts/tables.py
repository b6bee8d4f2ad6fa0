"""The rows of residents: one account a person, and the identities by which host apps and others know them.

Names, phone numbers and ID numbers are stored sealed (``kernel.crypto``); what must be found by its value has a blind
index beside it. An account that somebody uses at L1 holds no name and no ID number.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from kernel.ids import uuid7

Status = Literal["active", "frozen", "merged", "erased"]
Provider = Literal["wechat", "alipay", "baidu", "phone", "netid", "passkey"]

LIVE = text("id_number_index IS NOT NULL AND status IN ('active', 'frozen')")
_UNREVOKED = text("revoked_at IS NULL")


class Account(SQLModel, table=True):
    """One resident. ``merged_into`` is the account that has taken over a merged one.

    ``ial`` is the identity assurance level 1 to 4 (``auth.assurance``), first proven so well by
    ``proof_source`` at ``proofed_at``.
    """

    __tablename__ = "account"
    __table_args__ = (Index("account_id_number", "id_number_index", unique=True, postgresql_where=LIVE),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    status: Status = Field(default="active", sa_type=String)
    merged_into: UUID | None = Field(default=None, foreign_key="account.id")
    ial: int = 1
    proof_source: str = ""
    proofed_at: datetime | None = None
    name: bytes | None = Field(default=None, sa_column=Column(LargeBinary, info={"sealed": "account.name"}))
    id_number: bytes | None = Field(default=None, sa_column=Column(LargeBinary, info={"sealed": "account.id_number"}))
    id_number_index: bytes | None = None
    created_at: datetime


class Identity(SQLModel, table=True):
    """One way in: ``subject`` at ``provider`` within ``tenant``, the app or owner that the subject is known to.

    A phone's subject is its blind index in hexadecimal digits and ``value`` the sealed number; a passkey's is its
    credential id, and ``Passkey`` has the rest. ``union_subject`` is the host's name for the person across all apps of
    ``union_tenant``, empty while the host says none.
    """

    __tablename__ = "identity"
    __table_args__ = (
        Index("identity_subject", "provider", "tenant", "subject", unique=True, postgresql_where=_UNREVOKED),
        Index("identity_union", "provider", "union_tenant", "union_subject", postgresql_where=_UNREVOKED),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True)
    provider: Provider = Field(sa_type=String)
    tenant: str
    subject: str
    union_tenant: str = ""
    union_subject: str = ""
    value: bytes | None = Field(default=None, sa_column=Column(LargeBinary, info={"sealed": "identity.value"}))
    verified_at: datetime  # when the provider last vouched for it: a phone number grows old
    last_used_at: datetime
    created_at: datetime
    revoked_at: datetime | None = None
    revoke_reason: str = ""


class Passkey(SQLModel, table=True):
    """What verifies a passkey (WebAuthn level 3, section 4, credential record); it goes when its identity is given up.

    ``backup_eligible`` says that it may be synced, so that it is bound to no device. ``label`` is its owner's own word.
    """

    __tablename__ = "passkey"

    identity_id: UUID = Field(primary_key=True, foreign_key="identity.id")
    public_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # COSE (RFC 9052)
    user_handle: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sign_count: int = Field(sa_type=BigInteger)  # 32 bits without a sign
    aaguid: str  # the authenticator's make, as it says itself
    backup_eligible: bool
    backed_up: bool
    label: bytes = Field(sa_column=Column(LargeBinary, nullable=False, info={"sealed": "passkey.label"}))


def app_of(identity: Identity) -> str:
    """Return the app id at a host app; a phone number and a passkey have none."""
    return "" if identity.provider in ("phone", "passkey") else identity.tenant


class AccountMerge(SQLModel, table=True):
    """What moved when two accounts became one, so that it can be undone."""

    __tablename__ = "account_merge"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    kept_id: UUID = Field(foreign_key="account.id", index=True)
    gone_id: UUID = Field(foreign_key="account.id", index=True)
    rule: str  # of auth.linking that allowed it
    identities: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    sectors: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    at: datetime
    undone_at: datetime | None = None
