"""What people are told of pick-ups."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = 'a90c5f3e1d72'
down_revision = 'd41e8c7b3f96'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('pickup_notice',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('told_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('told_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('why', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('pickup_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], ),
    sa.ForeignKeyConstraint(['pickup_id'], ['pickup.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_pickup_notice_account_id'), 'pickup_notice', ['account_id'], unique=False)
    op.create_index('pickup_notice_once', 'pickup_notice', ['pickup_id', 'kind'], unique=True)


def downgrade() -> None:
    op.drop_index('pickup_notice_once', table_name='pickup_notice')
    op.drop_index(op.f('ix_pickup_notice_account_id'), table_name='pickup_notice')
    op.drop_table('pickup_notice')
