"""Mandates to act for somebody else."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'b4cb51fd239d'
down_revision = 'bc1bc74a5030'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('mandate',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('principal_account', sa.Uuid(), nullable=True),
    sa.Column('principal_organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('agent_account', sa.Uuid(), nullable=False),
    sa.Column('scope', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('purpose', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('valid_from', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('expires_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('granted_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('granted_by', sa.Uuid(), nullable=False),
    sa.Column('evidence_source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('evidence_reference', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('revoked_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('revoked_by', sa.Uuid(), nullable=True),
    sa.CheckConstraint('jsonb_array_length(scope) > 0', name='mandate_has_scope'),
    sa.CheckConstraint('num_nonnulls(principal_account, principal_organisation) = 1', name='mandate_one_principal'),
    sa.CheckConstraint('num_nonnulls(revoked_at, revoked_by) IN (0, 2)', name='mandate_revoked_by_somebody'),
    sa.CheckConstraint('principal_account IS DISTINCT FROM agent_account', name='mandate_two_people'),
    sa.CheckConstraint('valid_from < expires_at', name='mandate_ends'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_mandate_agent_account'), 'mandate', ['agent_account'], unique=False)
    op.create_index(op.f('ix_mandate_principal_account'), 'mandate', ['principal_account'], unique=False)
    op.create_index(op.f('ix_mandate_principal_organisation'), 'mandate', ['principal_organisation'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_mandate_principal_organisation'), table_name='mandate')
    op.drop_index(op.f('ix_mandate_principal_account'), table_name='mandate')
    op.drop_index(op.f('ix_mandate_agent_account'), table_name='mandate')
    op.drop_table('mandate')
