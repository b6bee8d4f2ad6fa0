"""The SDL of every version, printed when it is published. Versions from before are left out of it until published anew."""

import sqlalchemy as sa
from alembic import op

revision = '7f1c0d2ab9e4'
down_revision = '158666e88683'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('service_version', sa.Column('sdl', sa.LargeBinary(), nullable=False, server_default=''))
    op.alter_column('service_version', 'sdl', server_default=None)


def downgrade() -> None:
    op.drop_column('service_version', 'sdl')
