"""parking host stays"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql


revision = '7d5f0c3a91be'
down_revision = '0491e3b18ac2'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('parking_host_stay',
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('app_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reference', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('service', sa.String(), nullable=False),
    sa.Column('color', sa.String(), nullable=False),
    sa.Column('entered_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('changed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['session_id'], ['parking_session.id'], ),
    sa.PrimaryKeyConstraint('session_id', 'app_id')
    )
    op.add_column('parking_lot', sa.Column('host_ids', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False))


def downgrade() -> None:
    op.drop_column('parking_lot', 'host_ids')
    op.drop_table('parking_host_stay')
