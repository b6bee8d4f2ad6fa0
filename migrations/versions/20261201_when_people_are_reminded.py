"""When the people of a booking are reminded stands with it, so that what is due is found without reading all."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '4f3cbd0c314f'
down_revision = 'a90c5f3e1d72'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('booking', sa.Column('remind_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.execute("""
        UPDATE booking b SET remind_at = b.starts_at - s.remind_minutes * interval '1 minute'
        FROM appointment_service s
        WHERE s.code = b.service AND s.remind_minutes > 0 AND b.state IN ('confirmed', 'conflict')
            AND b.starts_at > now() AND b.starts_at - s.remind_minutes * interval '1 minute' >= b.created_at
            AND NOT EXISTS (
                SELECT 1 FROM booking_event e WHERE e.booking_id = b.id AND e.event = 'remind' AND NOT EXISTS (
                    SELECT 1 FROM booking_event m WHERE m.booking_id = b.id AND m.details ? 'starts_at' AND m.id > e.id
                )
            )
    """)
    op.create_index('booking_to_remind', 'booking', ['remind_at'], unique=False, postgresql_where=sa.text("state = 'confirmed' AND remind_at IS NOT NULL"))


def downgrade() -> None:
    op.drop_index('booking_to_remind', table_name='booking', postgresql_where=sa.text("state = 'confirmed' AND remind_at IS NOT NULL"))
    op.drop_column('booking', 'remind_at')
