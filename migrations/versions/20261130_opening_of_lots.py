"""opening of lots"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql


revision = 'c81f3a9d2e54'
down_revision = '5b9ea0d1c7f2'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('parking_lot', sa.Column('district', sqlmodel.sql.sqltypes.AutoString(), server_default='', nullable=False))
    op.add_column('parking_lot', sa.Column('opening', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False))
    op.alter_column('parking_lot', 'district', server_default=None)
    op.alter_column('parking_lot', 'opening', server_default=None)


def downgrade() -> None:
    op.drop_column('parking_lot', 'opening')
    op.drop_column('parking_lot', 'district')
