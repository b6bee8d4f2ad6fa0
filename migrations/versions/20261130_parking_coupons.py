"""parking coupons"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op


revision = '96d8613409e7'
down_revision = 'c7f03b5d9a18'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('parking_coupon',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('amount_fen', sa.Integer(), nullable=False),
    sa.Column('given_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('client_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reference', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('granted_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('revoked_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.CheckConstraint('amount_fen > 0', name='parking_coupon_amount'),
    sa.ForeignKeyConstraint(['session_id'], ['parking_session.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_parking_coupon_session_id'), 'parking_coupon', ['session_id'], unique=False)
    op.create_index('parking_coupon_reference', 'parking_coupon', ['client_id', 'reference'], unique=True)
    op.add_column('parking_session', sa.Column('coupons_fen', sa.Integer(), server_default='0', nullable=False))


def downgrade() -> None:
    op.drop_column('parking_session', 'coupons_fen')
    op.drop_index('parking_coupon_reference', table_name='parking_coupon')
    op.drop_index(op.f('ix_parking_coupon_session_id'), table_name='parking_coupon')
    op.drop_table('parking_coupon')
