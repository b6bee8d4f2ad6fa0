"""sessions in bays"""

import sqlalchemy as sa
from alembic import op


revision = '7f2c94d1ab60'
down_revision = 'e94a6c70b3d1'
branch_labels = None
depends_on = None

_IS_INSIDE = """
    CREATE OR REPLACE FUNCTION parking_is_inside(stay parking_session) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
        SELECT (stay.entered_at IS NOT NULL AND stay.left_at IS NULL AND stay.superseded_by IS NULL
                AND stay.orphan_closed_at IS NULL AND stay.state NOT IN ({states}))::integer
    $$
"""


def upgrade() -> None:
    # Until now events in bays made sessions as if they passed a gate: those stay as they are.
    op.execute('UPDATE parking_event SET bay_id = NULL WHERE bay_id IS NOT NULL')
    op.create_index('parking_event_bay', 'parking_event', ['bay_id', 'occurred_at'], unique=False, postgresql_where=sa.text('bay_id IS NOT NULL'))
    op.create_index('parking_session_bay', 'parking_session', ['bay_id', 'opened_at'], unique=False, postgresql_where=sa.text('bay_id IS NOT NULL'))
    op.execute(_IS_INSIDE.format(states="'orphan', 'closed_by_operator', 'unknown'"))


def downgrade() -> None:
    op.execute(_IS_INSIDE.format(states="'orphan', 'closed_by_operator'"))
    op.drop_index('parking_session_bay', table_name='parking_session', postgresql_where=sa.text('bay_id IS NOT NULL'))
    op.drop_index('parking_event_bay', table_name='parking_event', postgresql_where=sa.text('bay_id IS NOT NULL'))
