"""words of stays"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op


revision = '5b9ea0d1c7f2'
down_revision = 'c18e4d27f06a'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('parking_host_stay', sa.Column('said_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column('parking_host_stay', 'said_at')
