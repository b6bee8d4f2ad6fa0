"""what hosts were told of stays"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql


revision = 'f3a70d92c6b8'
down_revision = 'a4e1c09d7b35'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What hosts were told of before has no plate beside it: it is told anew, which changes nothing there.
    op.execute('DELETE FROM parking_host_stay')
    op.add_column('parking_host_stay', sa.Column('product', sa.String(), nullable=False))
    op.add_column('parking_host_stay', sa.Column('plate', sa.LargeBinary(), nullable=False))
    op.add_column('parking_host_stay', sa.Column('lot', sqlmodel.sql.sqltypes.AutoString(), nullable=False))
    op.add_column('parking_host_stay', sa.Column('paid', postgresql.JSONB(astext_type=sa.Text()), nullable=False))
    op.add_column('parking_host_stay', sa.Column('left_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.drop_constraint('parking_host_stay_pkey', 'parking_host_stay', type_='primary')
    op.create_primary_key('parking_host_stay_pkey', 'parking_host_stay', ['session_id', 'app_id', 'product'])


def downgrade() -> None:
    op.execute('DELETE FROM parking_host_stay')
    op.drop_constraint('parking_host_stay_pkey', 'parking_host_stay', type_='primary')
    op.create_primary_key('parking_host_stay_pkey', 'parking_host_stay', ['session_id', 'app_id'])
    for name in ('left_at', 'paid', 'lot', 'plate', 'product'):
        op.drop_column('parking_host_stay', name)
