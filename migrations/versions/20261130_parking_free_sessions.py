"""Sessions that had the free minutes are found by their lot, for snapshots of sites."""

import sqlalchemy as sa
from alembic import op

revision = 'd0868ed7fe91'
down_revision = '2a81e5f7c936'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('parking_session_free', 'parking_session', ['lot_id', 'entered_at'], unique=False, postgresql_where=sa.text('free_used'))


def downgrade() -> None:
    op.drop_index('parking_session_free', table_name='parking_session', postgresql_where=sa.text('free_used'))
