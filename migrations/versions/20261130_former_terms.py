"""former terms"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op


revision = '91d6ab3f58e2'
down_revision = '3b8e5f20c7d4'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('parking_former_terms',
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('until', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('tariff', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('area_class', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('holiday_region', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('no_entry', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['lot_id'], ['parking_lot.id'], ),
    sa.PrimaryKeyConstraint('lot_id', 'until')
    )


def downgrade() -> None:
    op.drop_table('parking_former_terms')
