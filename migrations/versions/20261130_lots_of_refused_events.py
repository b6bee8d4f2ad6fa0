"""lots of refused events"""

import sqlalchemy as sa
from alembic import op


revision = '5d0b27e6f1a8'
down_revision = 'c81f3a9d2e54'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('parking_refused_event', sa.Column('lot_id', sa.Uuid(), nullable=True))
    op.create_foreign_key('parking_refused_event_lot_id_fkey', 'parking_refused_event', 'parking_lot', ['lot_id'], ['id'])
    op.execute("""
        UPDATE parking_refused_event r SET lot_id = (
            SELECT l.lot_id FROM parking_lane l WHERE l.device_id = r.device_id ORDER BY l.id DESC LIMIT 1)
    """)
    op.drop_index('parking_refused_event_device', table_name='parking_refused_event')
    op.create_index('parking_refused_event_device', 'parking_refused_event', ['device_id', 'id'], unique=False)
    op.create_index('parking_refused_event_lot', 'parking_refused_event', ['lot_id', 'id'], unique=False)


def downgrade() -> None:
    op.drop_index('parking_refused_event_lot', table_name='parking_refused_event')
    op.drop_index('parking_refused_event_device', table_name='parking_refused_event')
    op.create_index('parking_refused_event_device', 'parking_refused_event', ['device_id', 'received_at'], unique=False)
    op.drop_constraint('parking_refused_event_lot_id_fkey', 'parking_refused_event', type_='foreignkey')
    op.drop_column('parking_refused_event', 'lot_id')
