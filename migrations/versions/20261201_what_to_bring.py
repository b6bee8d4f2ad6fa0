"""What to bring to an appointment is said in both languages."""

import sqlalchemy as sa
from alembic import op

revision = 'd07b5e39a1c6'
down_revision = '4f3cbd0c314f'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column('appointment_service', 'documents', new_column_name='documents_zh')
    op.add_column(
        'appointment_service',
        sa.Column('documents_en', sa.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column('appointment_service', 'documents_en')
    op.alter_column('appointment_service', 'documents_zh', new_column_name='documents')
