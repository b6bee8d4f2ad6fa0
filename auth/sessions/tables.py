"""The rows of sessions: who is signed in where, and the refresh tokens that keep a client signed in."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Column, Index, LargeBinary, String, and_, not_, or_, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel, col

from kernel.ids import uuid7

EndReason = Literal[
    "signed_out",
    "signed_out_elsewhere",  # from another of one's sessions
    "signed_out_everywhere",
    "replaced",  # by another sign-in in the same browser
    "idle",
    "expired",
    "unlinked",  # the way in that had opened it was given up
    "recycled",  # the phone number that had opened it was given to somebody else
    "ticket_reused",
    "cloned",  # of the passkey that had opened it there are two
    "first_proof",  # from before anybody knew whose account it is
    "claimed",  # the account's ID number is another's
    "frozen",
    "merged",
    "unmerged",
    "erased",
]


def _not_yet() -> Any:
    return Field(default=False, sa_column_kwargs={"server_default": text("false")})


class Session(SQLModel, table=True):
    """A resident signed in at one client of ours: a mini-program, or a browser at the sign-in page.

    ``sid`` is told to relying parties, so it gives no access to anything; a browser's cookie is stored as its digest.
    A session that a one-time ticket opened has the ticket's session as its parent and ends with it.
    """

    __tablename__ = "session"
    __table_args__ = (
        Index("session_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
        Index("session_due", text("LEAST(idle_until, expires_at)"), postgresql_where=text("ended_at IS NULL")),
    )

    sid: str = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True)
    identity_id: UUID | None = Field(default=None, foreign_key="identity.id", index=True)  # that signed in
    client_id: str = Field(foreign_key="client.client_id")
    parent_sid: str | None = Field(default=None, foreign_key="session.sid", index=True)
    cookie_digest: bytes | None = Field(default=None, sa_column=Column(LargeBinary, unique=True))
    channel: str  # wechat, alipay, baidu or web
    device: str = ""  # a label for the list that the resident sees
    ial: int
    aal: int
    amr: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    auth_time: datetime  # of the latest authentication, a step-up too
    aal_time: datetime | None = None  # of the latest that was worth ``aal`` by itself; a weaker one leaves it as it was
    step_ups: list[str] = Field(  # the ids of identities by which it was raised, beside the one that opened it
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=text("'[]'"))
    )
    created_at: datetime
    last_seen_at: datetime
    idle_until: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    end_reason: EndReason | Literal[""] = Field(default="", sa_type=String)
    begin_recorded: bool = _not_yet()  # whether the audit log has it (auth.sessions.recording)
    end_recorded: bool = _not_yet()


UNRECORDED = or_(
    not_(col(Session.begin_recorded)), and_(col(Session.ended_at).is_not(None), not_(col(Session.end_recorded)))
)
"""Of which sessions the audit log lacks something."""

Index("session_unrecorded", col(Session.created_at), postgresql_where=UNRECORDED)


class TokenFamily(SQLModel, table=True):
    """All tokens that descend from one sign-in of one client; they are revoked together."""

    __tablename__ = "token_family"
    __table_args__ = (Index("token_family_revoked", "revoked_at", postgresql_where=text("revoked_at IS NOT NULL")),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    sid: str = Field(foreign_key="session.sid", index=True)
    client_id: str = Field(foreign_key="client.client_id")
    scope: str
    claims: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))  # OpenID Core 5.5
    jkt: str = ""  # the thumbprint of the client's DPoP key (RFC 9449 section 6.1), empty for bearer tokens
    auth_time: datetime  # of the sign-in that it began with, whatever the session has seen since (OpenID Core 12.2)
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    revoke_reason: str = ""


class RefreshToken(SQLModel, table=True):
    """One refresh token by its digest. Used once, it gives the same ``successor`` for ten seconds more."""

    __tablename__ = "refresh_token"

    digest: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    family_id: UUID = Field(foreign_key="token_family.id", index=True)
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    successor: bytes | None = Field(default=None, sa_column=Column(LargeBinary))  # the answer, sealed under the token
