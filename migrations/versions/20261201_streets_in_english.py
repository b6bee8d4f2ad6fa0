"""Stickers say their street in English, too."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = 'b8e14f7a20c9'
down_revision = 'd07b5e39a1c6'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        'static_code',
        sa.Column('street_en', sqlmodel.sql.sqltypes.AutoString(), server_default='', nullable=False),
    )


def downgrade() -> None:
    op.drop_column('static_code', 'street_en')
