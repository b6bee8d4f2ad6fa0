"""Departments, services, their versions, and the credentials to publish them."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '158666e88683'
down_revision = 'a24a74a6e5c4'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('catalog_revision',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('revision', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('id = 1', name='catalog_revision_one_row'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('department',
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('title_zh', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('title_en', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('department_credential',
    sa.Column('key_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('department', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('secret_digest', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('last_used_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('revoked_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['department'], ['department.name'], ),
    sa.PrimaryKeyConstraint('key_id')
    )
    op.create_index(op.f('ix_department_credential_department'), 'department_credential', ['department'], unique=False)
    op.create_table('service',
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('department', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('live_version', sa.Integer(), nullable=True),
    sa.Column('live_since', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('revision', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['department'], ['department.name'], ),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_index('service_revision', 'service', ['revision'], unique=False)
    op.create_table('service_version',
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('manifest', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('upstream_headers', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('bundle', sa.LargeBinary(), nullable=False),
    sa.Column('slice', sa.LargeBinary(), nullable=False),
    sa.Column('digest', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('operations', sa.Integer(), nullable=False),
    sa.Column('typed', sa.Integer(), nullable=False),
    sa.Column('findings', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.ForeignKeyConstraint(['service'], ['service.name'], ),
    sa.PrimaryKeyConstraint('service', 'number')
    )
    op.create_foreign_key('service_live_version', 'service', 'service_version', ['name', 'live_version'], ['service', 'number'])
    op.execute('INSERT INTO catalog_revision (id, revision) VALUES (1, 0)')


def downgrade() -> None:
    op.drop_constraint('service_live_version', 'service')
    op.drop_table('service_version')
    op.drop_index('service_revision', table_name='service')
    op.drop_table('service')
    op.drop_index(op.f('ix_department_credential_department'), table_name='department_credential')
    op.drop_table('department_credential')
    op.drop_table('department')
    op.drop_table('catalog_revision')
