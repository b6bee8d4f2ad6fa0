"""notices of parking that are told"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op


revision = 'e94a6c70b3d1'
down_revision = '5d0b27e6f1a8'
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString()
    for name, before in (('state', 'untold'), ('told_by', ''), ('why', '')):  # nobody sent what is there
        op.add_column('parking_notice', sa.Column(name, text, server_default=before, nullable=False))
        op.alter_column('parking_notice', name, server_default=None)
    op.add_column('parking_notice', sa.Column('told_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    for name in ('told_at', 'why', 'told_by', 'state'):
        op.drop_column('parking_notice', name)
