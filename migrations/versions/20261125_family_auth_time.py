"""the time of the sign-in that a token family began with"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op


revision = '5d0c7be1a9f2'
down_revision = '2c3691dad461'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('token_family', sa.Column('auth_time', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.execute('UPDATE token_family SET auth_time = session.auth_time FROM session WHERE session.sid = token_family.sid')
    op.alter_column('token_family', 'auth_time', nullable=False)


def downgrade() -> None:
    op.drop_column('token_family', 'auth_time')
