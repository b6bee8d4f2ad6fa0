"""whom scans name"""

from alembic import op


revision = '3b8e5f20c7d4'
down_revision = 'd27b90e6f41c'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('parking_scan_of', 'parking_scan', ['lot_id', 'credential', 'at'], unique=False)


def downgrade() -> None:
    op.drop_index('parking_scan_of', table_name='parking_scan')
