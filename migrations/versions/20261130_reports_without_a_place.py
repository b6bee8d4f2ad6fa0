"""Reports of stickers have no position: none was ever written."""

import sqlalchemy as sa
from alembic import op

revision = "7e52c0b8f4a1"
down_revision = "d94b07c2e1f3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("place_report", "latitude")
    op.drop_column("place_report", "longitude")


def downgrade() -> None:
    op.add_column("place_report", sa.Column("latitude", sa.Float()))
    op.add_column("place_report", sa.Column("longitude", sa.Float()))
