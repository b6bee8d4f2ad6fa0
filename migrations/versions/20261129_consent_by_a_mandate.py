"""By which mandate a guardian gave or withdrew a consent in a child's place."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = 'ff8019a7dd51'
down_revision = 'ee68bff81a31'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('consent', sa.Column('mandate_id', sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column('consent', 'mandate_id')
