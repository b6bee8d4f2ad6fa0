"""Offices have telephones."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = 'd41e8c7b3f96'
down_revision = 'e92b6c07d4a1'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        'appointment_office',
        sa.Column('phone', sqlmodel.sql.sqltypes.AutoString(), server_default='', nullable=False),
    )


def downgrade() -> None:
    op.drop_column('appointment_office', 'phone')
