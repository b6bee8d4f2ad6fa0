"""The audit log: entries, their head, and anchors; what is written is never changed or deleted."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '08a1baba8b0a'
down_revision = '4126e0104e58'
branch_labels = None
depends_on = None

APPEND_ONLY = ('audit_entry', 'audit_anchor')


def upgrade() -> None:
    op.create_table('audit_anchor',
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('key_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('signature', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('seq')
    )
    op.create_table('audit_entry',
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('actor', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('acr', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('on_behalf_of', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('action', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('object', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('purpose', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('result', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('request_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('details', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('previous_hash', sa.LargeBinary(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('seq')
    )
    op.create_index('audit_entry_actor', 'audit_entry', ['actor', 'seq'], unique=False)
    op.create_index('audit_entry_at', 'audit_entry', ['at'], unique=False, postgresql_using='brin')
    op.create_index('audit_entry_object', 'audit_entry', ['object', 'seq'], unique=False)
    op.create_table('audit_head',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint('id = 1', name='audit_head_one_row'),
    sa.PrimaryKeyConstraint('id')
    )
    op.execute("INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'))")
    op.execute("""
        CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% of % is refused: the audit log is only ever added to', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'insufficient_privilege';
        END $$
    """)
    for table in APPEND_ONLY:
        refuse(table, 'UPDATE OR DELETE OR TRUNCATE')
    refuse('audit_head', 'INSERT OR DELETE OR TRUNCATE')


def refuse(table: str, events: str) -> None:
    """Statement triggers: they also refuse what would touch no row. ALWAYS: also for a replication role."""
    op.execute(f'CREATE TRIGGER {table}_refuse BEFORE {events} ON {table} EXECUTE FUNCTION audit_refuse()')
    op.execute(f'ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_refuse')


def downgrade() -> None:
    op.drop_table('audit_head')
    op.drop_index('audit_entry_object', table_name='audit_entry')
    op.drop_index('audit_entry_at', table_name='audit_entry', postgresql_using='brin')
    op.drop_index('audit_entry_actor', table_name='audit_entry')
    op.drop_table('audit_entry')
    op.drop_table('audit_anchor')
    op.execute('DROP FUNCTION audit_refuse()')
