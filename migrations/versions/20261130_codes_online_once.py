"""An online check accepts a code once, as the database knows too.

Of a code that was accepted twice online, while Redis had forgotten it, the later use counts as a replay.
"""

import sqlalchemy as sa
from alembic import op

revision = "d94b07c2e1f3"
down_revision = "91d6ab3f58e2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        UPDATE code_use later SET result = 'replay' WHERE result = 'ok' AND NOT offline AND EXISTS (
            SELECT FROM code_use WHERE code_id = later.code_id AND result = 'ok' AND NOT offline
                AND (received_at, id) < (later.received_at, later.id))
    """)
    online = sa.text("result = 'ok' AND NOT offline")
    op.create_index("code_use_once_online", "code_use", ["code_id"], unique=True, postgresql_where=online)


def downgrade() -> None:
    op.drop_index("code_use_once_online", "code_use")
