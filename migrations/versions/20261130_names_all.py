"""names of all who come"""

import sqlalchemy as sa
from alembic import op

revision = '8c21f4d7a9e0'
down_revision = '54f130a0794c'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('appointment_service', sa.Column('names_all', sa.Boolean(), server_default='false', nullable=False))


def downgrade() -> None:
    op.drop_column('appointment_service', 'names_all')
