"""Answers that are kept for operators, and debits that wait, are sealed: what is there in the clear goes.

A call whose answer goes is done again if it is repeated; of a debit that waits its host is asked how it stands.
"""

from alembic import op

revision = "a4e1c09d7b35"
down_revision = "66313e7718fc"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM parking_request")
    op.execute("""
        UPDATE outbox SET task = 'payments.query',
            arguments = jsonb_build_object('number', arguments -> 'number', 'goes_on', true)
        WHERE task = 'payments.debit'
    """)


downgrade = upgrade
