"""Notices of appointments: what people were told, once by kind and occasion."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '3b7e0d92c5a6'
down_revision = '8c21f4d7a9e0'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('appointment_notice',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('told_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('told_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('why', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('about', sa.Uuid(), nullable=False),
    sa.Column('occasion', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('office', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('starts_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('details', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], ),
    sa.ForeignKeyConstraint(['office'], ['appointment_office.code'], ),
    sa.ForeignKeyConstraint(['service'], ['appointment_service.code'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_appointment_notice_account_id'), 'appointment_notice', ['account_id'], unique=False)
    op.create_index('appointment_notice_once', 'appointment_notice', ['about', 'kind', 'occasion', 'account_id'], unique=True, postgresql_nulls_not_distinct=True)


def downgrade() -> None:
    op.drop_index('appointment_notice_once', table_name='appointment_notice', postgresql_nulls_not_distinct=True)
    op.drop_index(op.f('ix_appointment_notice_account_id'), table_name='appointment_notice')
    op.drop_table('appointment_notice')
