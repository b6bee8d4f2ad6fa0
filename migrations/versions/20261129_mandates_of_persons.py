"""Mandates that people give by their own consent are not of elders alone: their kind is that of a person."""

from alembic import op

revision = '3f1b0a9c7d52'
down_revision = 'ff8019a7dd51'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE mandate SET kind = 'person' WHERE kind = 'elder'")


def downgrade() -> None:
    op.execute("UPDATE mandate SET kind = 'elder' WHERE kind = 'person'")
