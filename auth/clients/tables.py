"""The rows of clients: department sites that residents are signed in to, and our own mini-programs."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Column, LargeBinary, String
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from auth.assurance import Level
from kernel.ids import uuid7

AuthMethod = Literal["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]


def _texts() -> Any:
    return Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))


class Client(SQLModel, table=True):
    """An OAuth client (RFC 7591 section 2 for most names). ``first_party`` ones are the platform's own front ends.

    ``tier`` says what a relying party must do: T1 an ordinary site; T2 handles sensitive data: private_key_jwt,
    pushed requests, back-channel logout, L3; T3 an agency's data API after FAPI 2.0: T2 and DPoP.
    """

    __tablename__ = "client"

    client_id: str = Field(primary_key=True)
    department: str | None = Field(default=None, foreign_key="department.name", index=True)
    name_zh: str
    name_en: str
    first_party: bool = False
    tier: Literal["T1", "T2", "T3"] = Field(default="T1", sa_type=String)
    auth_method: AuthMethod = Field(default="client_secret_basic", sa_type=String)
    secret_digest: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    jwks: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    jwks_uri: str = ""
    redirect_uris: list[str] = _texts()
    post_logout_redirect_uris: list[str] = _texts()
    initiate_login_uri: str = ""
    backchannel_logout_uri: str = ""
    backchannel_failed_at: datetime | None = None  # when a logout was given up that it should have heard of
    sector: str  # the host that pairwise subjects are made for (OpenID Core 8.1)
    scopes: list[str] = _texts()
    response_modes: list[str] = _texts()
    least_acr: Level = Field(default="L1", sa_type=String)
    pkce_required: bool = True
    status: Literal["active", "suspended"] = Field(default="active", sa_type=String)
    created_at: datetime


class PairwiseSubject(SQLModel, table=True):
    """How one sector knows an account. Stored for ever, so that neither a merge nor a new salt changes it."""

    __tablename__ = "pairwise_subject"

    sector: str = Field(primary_key=True)
    account_id: UUID = Field(primary_key=True, foreign_key="account.id")
    subject: str = Field(unique=True)
    created_at: datetime


class ClientGrant(SQLModel, table=True):
    """What a resident has agreed that a client may read; rows are added, and ended when it is taken back."""

    __tablename__ = "client_grant"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True)
    client_id: str = Field(foreign_key="client.client_id")
    scopes: list[str] = _texts()
    agreed_at: datetime
    withdrawn_at: datetime | None = None
