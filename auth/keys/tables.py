"""The rows of signing keys: made ahead, published, then used, then published still while their signatures live."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class SigningKey(SQLModel, table=True):
    """A key pair that tokens are signed with, from ``active_from`` until a later key of its algorithm is active."""

    __tablename__ = "signing_key"

    kid: str = Field(primary_key=True)  # RFC 7638 thumbprint
    algorithm: str  # ES256 or RS256
    public: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))  # a JWK
    private: bytes = Field(sa_column=Column(LargeBinary, nullable=False, info={"sealed": "signing_key.private"}))
    created_at: datetime
    active_from: datetime
    gone_at: datetime | None = None  # when it is published no more; None while it is the newest
