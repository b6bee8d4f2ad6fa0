"""Who represents a company by law, and mandates that an operator gave or ended, who has no account."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = 'ee68bff81a31'
down_revision = '14af1ade7ea6'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('representation',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('credit_code', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('company_name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reference', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('proven_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('expires_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], ),
    sa.PrimaryKeyConstraint('account_id', 'credit_code')
    )
    op.alter_column('mandate', 'granted_by', existing_type=sa.UUID(), nullable=True)
    op.drop_constraint('mandate_revoked_by_somebody', 'mandate')
    op.create_check_constraint('mandate_revoked_by_somebody', 'mandate', 'revoked_by IS NULL OR revoked_at IS NOT NULL')


def downgrade() -> None:
    # What an operator did is said to have been done by the agent, who could have ended it too.
    op.execute('UPDATE mandate SET granted_by = agent_account WHERE granted_by IS NULL')
    op.execute('UPDATE mandate SET revoked_by = agent_account WHERE revoked_by IS NULL AND revoked_at IS NOT NULL')
    op.drop_constraint('mandate_revoked_by_somebody', 'mandate')
    op.create_check_constraint('mandate_revoked_by_somebody', 'mandate', 'num_nonnulls(revoked_at, revoked_by) IN (0, 2)')
    op.alter_column('mandate', 'granted_by', existing_type=sa.UUID(), nullable=False)
    op.drop_table('representation')
