"""The rows of acting for somebody else. A mandate that ended stays, so that both sides and the audit can see it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from auth.mandates.kinds import Kind
from kernel.ids import uuid7


class Mandate(SQLModel, table=True):
    """``agent_account`` may act for the principal, an account or an organisation, within ``scope``.

    ``evidence_reference`` says where the document is kept; the document itself is nowhere here. What an operator gave
    or ended, at a window, has no account in ``granted_by`` or ``revoked_by``: the audit log says who it was.
    """

    __tablename__ = "mandate"
    __table_args__ = (
        CheckConstraint("num_nonnulls(principal_account, principal_organisation) = 1", name="mandate_one_principal"),
        CheckConstraint("principal_account IS DISTINCT FROM agent_account", name="mandate_two_people"),
        CheckConstraint("valid_from < expires_at", name="mandate_ends"),
        CheckConstraint("jsonb_array_length(scope) > 0", name="mandate_has_scope"),
        CheckConstraint("revoked_by IS NULL OR revoked_at IS NOT NULL", name="mandate_revoked_by_somebody"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    kind: Kind = Field(sa_type=String)
    principal_account: UUID | None = Field(default=None, index=True)
    principal_organisation: str | None = Field(default=None, index=True)
    agent_account: UUID = Field(index=True)
    scope: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    purpose: str
    valid_from: datetime
    expires_at: datetime
    granted_at: datetime
    granted_by: UUID | None
    evidence_source: str
    evidence_reference: str
    revoked_at: datetime | None = None
    revoked_by: UUID | None = None


class Representation(SQLModel, table=True):
    """By the business register an account's person represents a company by law; believed until ``expires_at``.

    Name and code are public, as the register is. ``reference`` is its own number for the answer.
    """

    __tablename__ = "representation"

    account_id: UUID = Field(foreign_key="account.id", primary_key=True)
    credit_code: str = Field(primary_key=True)
    company_name: str
    reference: str
    proven_at: datetime
    expires_at: datetime
