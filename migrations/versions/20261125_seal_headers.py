"""Headers of upstreams are sealed. Rows from before stay as they are, readable, until `yiwang keys reseal` seals them.

A migration has no keys: it may run where none are, and must not fail for lack of them.
"""

import sqlalchemy as sa
from alembic import op

revision = 'bc1bc74a5030'
down_revision = '711de0b3f21b'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('service_version', sa.Column('sealed_headers', sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column('service_version', 'sealed_headers')
