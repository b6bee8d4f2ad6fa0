"""Days that an office has closed itself: its file does not open them again."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = 'e92b6c07d4a1'
down_revision = '8c1f5a72de94'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('appointment_exception', sa.Column('closed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column('appointment_exception', 'closed_at')
