"""old payment notices"""

from alembic import op


revision = 'c18e4d27f06a'
down_revision = '7d5f0c3a91be'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('payment_notice_last', 'payment_notice', ['last_at'], unique=False)


def downgrade() -> None:
    op.drop_index('payment_notice_last', table_name='payment_notice')
