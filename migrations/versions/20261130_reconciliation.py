"""Hosts' bills of each day, and every difference from our books."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '9c6290e3783c'
down_revision = 'b3c185f2aa66'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('host_bill',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('app_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('lines', sa.Integer(), nullable=False),
    sa.Column('digest', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('found', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('fetched_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('compared_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('app_id', 'day', name='host_bill_once')
    )
    op.create_table('host_bill_line',
    sa.Column('bill_id', sa.Uuid(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('number', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('payment', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('transaction', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('fee', sa.BigInteger(), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['bill_id'], ['host_bill.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('bill_id', 'place')
    )
    op.create_index('host_bill_line_number', 'host_bill_line', ['number', 'kind'], unique=False)
    op.create_table('reconciliation_difference',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('app_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('difference', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('number', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('transaction', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('order_id', sa.Uuid(), nullable=True),
    sa.Column('ours', sa.BigInteger(), nullable=True),
    sa.Column('hosts', sa.BigInteger(), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('found_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('changed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['payment_order.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('app_id', 'day', 'kind', 'number', 'difference', name='reconciliation_difference_once')
    )
    op.create_index('reconciliation_difference_open', 'reconciliation_difference', ['found_at'], unique=False, postgresql_where=sa.text("state = 'open'"))


def downgrade() -> None:
    op.drop_index('reconciliation_difference_open', table_name='reconciliation_difference', postgresql_where=sa.text("state = 'open'"))
    op.drop_table('reconciliation_difference')
    op.drop_index('host_bill_line_number', table_name='host_bill_line')
    op.drop_table('host_bill_line')
    op.drop_table('host_bill')
