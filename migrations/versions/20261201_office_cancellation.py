"""Reminders, rights to book before others, and bookings that are kept although an office's hours have changed."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = 'c5d81e4f27b9'
down_revision = 'c4ad4c89545f'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('appointment_service', sa.Column('remind_minutes', sa.Integer(), server_default='1440', nullable=False))
    op.add_column('booking', sa.Column('kept_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.create_table('booking_right',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('from_booking', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('granted_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('used_by', sa.Uuid(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], ),
    sa.ForeignKeyConstraint(['from_booking'], ['booking.id'], ),
    sa.ForeignKeyConstraint(['service'], ['appointment_service.code'], ),
    sa.ForeignKeyConstraint(['used_by'], ['booking.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('from_booking'),
    sa.UniqueConstraint('used_by')
    )
    op.create_index(op.f('ix_booking_right_account_id'), 'booking_right', ['account_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_booking_right_account_id'), table_name='booking_right')
    op.drop_table('booking_right')
    op.drop_column('booking', 'kept_at')
    op.drop_column('appointment_service', 'remind_minutes')
