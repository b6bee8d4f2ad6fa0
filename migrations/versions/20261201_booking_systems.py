"""departments' own booking systems"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '8c1f5a72de94'
down_revision = '8ffe9eb3c5eb'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('booking_system',
    sa.Column('code', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('department', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('url', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('cursor', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('synced_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('polled_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('due_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('taken_until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('error', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('findings', postgresql.ARRAY(sa.String()), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('closed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['department'], ['department.name'], ),
    sa.PrimaryKeyConstraint('code')
    )
    op.add_column('appointment_resource', sa.Column('system', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.create_foreign_key(None, 'appointment_resource', 'booking_system', ['system'], ['code'])
    op.add_column('appointment_slot', sa.Column('version', sa.BigInteger(), nullable=True))
    op.add_column('booking', sa.Column('system', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.create_foreign_key(None, 'booking', 'booking_system', ['system'], ['code'])
    op.add_column('waitlist_entry', sa.Column('system', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.create_foreign_key(None, 'waitlist_entry', 'booking_system', ['system'], ['code'])


def downgrade() -> None:
    op.drop_column('waitlist_entry', 'system')
    op.drop_column('booking', 'system')
    op.drop_column('appointment_slot', 'version')
    op.drop_column('appointment_resource', 'system')
    op.drop_table('booking_system')
