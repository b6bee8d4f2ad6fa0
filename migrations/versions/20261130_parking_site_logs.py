"""Sites' own logs of each day, and every difference from our events, sessions and ledger."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0c04e22583bb'
down_revision = 'd0868ed7fe91'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('parking_site_log',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('device_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('after', sa.BigInteger(), nullable=False),
    sa.Column('until', sa.BigInteger(), nullable=False),
    sa.Column('lines', sa.LargeBinary(), nullable=False),
    sa.Column('digest', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('found', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('handed_in_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('compared_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['lot_id'], ['parking_lot.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('device_id', 'day', name='parking_site_log_once')
    )
    op.create_index(op.f('ix_parking_site_log_day'), 'parking_site_log', ['day'], unique=False)
    op.create_index(op.f('ix_parking_site_log_lot_id'), 'parking_site_log', ['lot_id'], unique=False)
    op.create_table('parking_site_difference',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('log_id', sa.Uuid(), nullable=False),
    sa.Column('difference', sa.String(), nullable=False),
    sa.Column('about', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('site_fen', sa.BigInteger(), nullable=True),
    sa.Column('our_fen', sa.BigInteger(), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('found_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('changed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['log_id'], ['parking_site_log.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('log_id', 'difference', 'about', name='parking_site_difference_once')
    )
    op.create_index('parking_site_difference_open', 'parking_site_difference', ['log_id'], unique=False, postgresql_where=sa.text("state = 'open'"))
    op.add_column('parking_event', sa.Column('paid_fen', sa.Integer(), server_default='0', nullable=False))


def downgrade() -> None:
    op.drop_column('parking_event', 'paid_fen')
    op.drop_index('parking_site_difference_open', table_name='parking_site_difference', postgresql_where=sa.text("state = 'open'"))
    op.drop_table('parking_site_difference')
    op.drop_index(op.f('ix_parking_site_log_lot_id'), table_name='parking_site_log')
    op.drop_index(op.f('ix_parking_site_log_day'), table_name='parking_site_log')
    op.drop_table('parking_site_log')
