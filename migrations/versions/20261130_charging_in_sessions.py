"""charging in sessions"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op


revision = '2a81e5f7c936'
down_revision = '7f2c94d1ab60'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ('charging_from', 'charging_until'):
        op.add_column('parking_session', sa.Column(name, sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    for name in ('charging_until', 'charging_from'):
        op.drop_column('parking_session', name)
