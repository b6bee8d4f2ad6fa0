"""the revision of the tree"""

import sqlalchemy as sa
from alembic import op

revision = 'a41c7d20b9e3'
down_revision = '539b022dea3d'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('catalog_revision', sa.Column('tree', sa.BigInteger(), server_default='0', nullable=False))


def downgrade() -> None:
    op.drop_column('catalog_revision', 'tree')
