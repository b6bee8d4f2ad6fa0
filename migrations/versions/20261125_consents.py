"""The ledger of consents, to which rows are only ever added."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '85aca922b879'
down_revision = 'b4cb51fd239d'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('consent',
    sa.Column('number', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('client', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('purpose', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('act', sa.String(), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('how', sa.String(), nullable=False),
    sa.CheckConstraint('version > 0', name='consent_of_a_version'),
    sa.PrimaryKeyConstraint('number')
    )
    op.create_index('consent_standing', 'consent', ['account_id', 'client', 'purpose', 'number'], unique=False)
    op.execute("""
        CREATE FUNCTION consent_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'The ledger of consents is only added to: % is refused', TG_OP
                USING ERRCODE = 'restrict_violation', HINT = 'Add a row with act = withdrawn.';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER consent_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent
        FOR EACH STATEMENT EXECUTE FUNCTION consent_is_append_only()
    """)


def downgrade() -> None:
    op.drop_index('consent_standing', table_name='consent')
    op.drop_table('consent')
    op.execute('DROP FUNCTION consent_is_append_only()')
