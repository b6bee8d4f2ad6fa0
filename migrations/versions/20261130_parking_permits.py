"""parking permits"""

import sqlalchemy as sa
from alembic import op


revision = 'c7f03b5d9a18'
down_revision = 'f3a70d92c6b8'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('DELETE FROM parking_permit')  # nothing wrote any so far, and a plate cannot be had from its index
    op.add_column('parking_permit', sa.Column('plate', sa.LargeBinary(), nullable=False))
    op.create_index('parking_permit_operator', 'parking_permit', ['operator_id', 'id'], unique=False)


def downgrade() -> None:
    op.drop_index('parking_permit_operator', table_name='parking_permit')
    op.drop_column('parking_permit', 'plate')
