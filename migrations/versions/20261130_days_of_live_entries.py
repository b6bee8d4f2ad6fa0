"""the days of live entries"""

import sqlalchemy as sa
from alembic import op

revision = 'c2e9517f4d38'
down_revision = 'a41c7d20b9e3'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('entry_live', sa.Column('effective_from', sa.Date(), nullable=True))
    op.add_column('entry_live', sa.Column('withdraw_on', sa.Date(), nullable=True))
    op.execute("""
        UPDATE entry_live SET effective_from = (said ->> 'effective_from')::date, withdraw_on = (said ->> 'withdraw_on')::date
        FROM (SELECT code AS of, convert_from(shown, 'UTF8')::json AS said FROM entry_live WHERE shown IS NOT NULL) AS live
        WHERE code = of AND (said ->> 'effective_from' IS NOT NULL OR said ->> 'withdraw_on' IS NOT NULL)
    """)


def downgrade() -> None:
    op.drop_column('entry_live', 'withdraw_on')
    op.drop_column('entry_live', 'effective_from')
