"""colours are of bindings: what one account says of a plate holds for nobody else"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op


revision = 'd27b90e6f41c'
down_revision = '96d8613409e7'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('vehicle_binding', sa.Column('plate_color', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
    op.alter_column('vehicle_binding', 'plate_color', server_default=None)
    # Nobody knows any more who said it; whoever finds a wrong one there adds the plate again.
    op.execute('UPDATE vehicle_binding b SET plate_color = v.plate_color FROM vehicle v WHERE v.id = b.vehicle_id')
    op.drop_column('vehicle', 'plate_color')
    op.drop_column('vehicle', 'vehicle_class')


def downgrade() -> None:
    op.add_column('vehicle', sa.Column('vehicle_class', sa.String(), nullable=False, server_default='small'))
    op.add_column('vehicle', sa.Column('plate_color', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
    op.execute("""
        UPDATE vehicle v SET plate_color = b.plate_color FROM vehicle_binding b
        WHERE b.vehicle_id = v.id AND b.until IS NULL AND b.plate_color <> ''
    """)
    op.execute("UPDATE vehicle SET vehicle_class = 'large' WHERE plate_color = 'yellow'")
    op.alter_column('vehicle', 'vehicle_class', server_default=None)
    op.alter_column('vehicle', 'plate_color', server_default=None)
    op.drop_column('vehicle_binding', 'plate_color')
