"""Payments: orders, attempts, refunds, notices, debit mandates, and a ledger that is only ever added to."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'b3c185f2aa66'
down_revision = 'ac8d700b8506'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('ledger_transaction',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('about', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('entries', sa.Integer(), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.CheckConstraint('entries >= 2', name='ledger_transaction_entries'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('key')
    )
    op.create_index(op.f('ix_ledger_transaction_about'), 'ledger_transaction', ['about'], unique=False)
    op.create_index(op.f('ix_ledger_transaction_at'), 'ledger_transaction', ['at'], unique=False)
    op.create_table('payment_notice',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('app_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('message_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('number', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('times', sa.Integer(), nullable=False),
    sa.Column('outcome', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('odd', sa.Boolean(), nullable=False),
    sa.Column('first_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('last_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('app_id', 'message_id', name='payment_notice_once')
    )
    op.create_index(op.f('ix_payment_notice_number'), 'payment_notice', ['number'], unique=False)
    op.create_index('payment_notice_odd', 'payment_notice', ['last_at'], unique=False, postgresql_where=sa.text('odd'))
    op.create_table('debit_mandate',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('about', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('provider', sa.String(), nullable=False),
    sa.Column('app_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('contract', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('limit_each', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('because', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('consent_version', sa.Integer(), nullable=False),
    sa.Column('consented_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('changed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.CheckConstraint('limit_each > 0', name='debit_mandate_limit'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('debit_mandate_one', 'debit_mandate', ['account_id', 'about', 'app_id'], unique=True, postgresql_where=sa.text("state <> 'terminated'"))
    op.create_index(op.f('ix_debit_mandate_account_id'), 'debit_mandate', ['account_id'], unique=False)
    op.create_index(op.f('ix_debit_mandate_about'), 'debit_mandate', ['about'], unique=False)
    op.create_table('ledger_entry',
    sa.Column('transaction_id', sa.Uuid(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('account', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('debit', sa.BigInteger(), nullable=False),
    sa.Column('credit', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('debit >= 0 AND credit >= 0 AND (debit > 0) <> (credit > 0)', name='ledger_entry_one_side'),
    sa.ForeignKeyConstraint(['transaction_id'], ['ledger_transaction.id'], ),
    sa.PrimaryKeyConstraint('transaction_id', 'place')
    )
    op.create_index('ledger_entry_account', 'ledger_entry', ['account', 'transaction_id'], unique=False)
    op.create_table('payment_order',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('idempotency_key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('about', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('hears', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('payee', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('lines', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('refunded', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('closing', sa.Boolean(), nullable=False),
    sa.Column('paid_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('paid_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('expires_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('changed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.CheckConstraint('amount >= 0 AND refunded >= 0 AND refunded <= amount', name='payment_order_amounts'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('account_id', 'idempotency_key', name='payment_order_once')
    )
    op.create_index(op.f('ix_payment_order_about'), 'payment_order', ['about'], unique=False)
    op.create_index(op.f('ix_payment_order_account_id'), 'payment_order', ['account_id'], unique=False)
    op.create_table('payment_attempt',
    sa.Column('number', sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
    sa.Column('order_id', sa.Uuid(), nullable=False),
    sa.Column('provider', sa.String(), nullable=False),
    sa.Column('app_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('identity_id', sa.Uuid(), nullable=True),
    sa.Column('mandate_id', sa.Uuid(), nullable=True),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('transaction', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('paid_amount', sa.BigInteger(), nullable=True),
    sa.Column('paid_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('queries', sa.Integer(), nullable=False),
    sa.Column('said', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('expires_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('changed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.CheckConstraint('amount > 0', name='payment_attempt_amount'),
    sa.ForeignKeyConstraint(['identity_id'], ['identity.id'], ),
    sa.ForeignKeyConstraint(['mandate_id'], ['debit_mandate.id'], ),
    sa.ForeignKeyConstraint(['order_id'], ['payment_order.id'], ),
    sa.PrimaryKeyConstraint('number')
    )
    op.create_index(op.f('ix_payment_attempt_order_id'), 'payment_attempt', ['order_id'], unique=False)
    op.create_index(op.f('ix_payment_attempt_transaction'), 'payment_attempt', ['transaction'], unique=False)
    op.create_index('payment_attempt_live', 'payment_attempt', ['order_id', 'app_id'], unique=True, postgresql_where=sa.text("state IN ('created', 'pending', 'unknown')"))
    op.create_index('payment_attempt_paid', 'payment_attempt', ['app_id', 'paid_at'], unique=False, postgresql_where=sa.text('paid_at IS NOT NULL'))
    op.create_table('payment_refund',
    sa.Column('number', sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
    sa.Column('order_id', sa.Uuid(), nullable=False),
    sa.Column('attempt_number', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('idempotency_key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('because', sa.String(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('queries', sa.Integer(), nullable=False),
    sa.Column('said', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('done_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('changed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.CheckConstraint('amount > 0', name='payment_refund_amount'),
    sa.ForeignKeyConstraint(['attempt_number'], ['payment_attempt.number'], ),
    sa.ForeignKeyConstraint(['order_id'], ['payment_order.id'], ),
    sa.PrimaryKeyConstraint('number'),
    sa.UniqueConstraint('order_id', 'idempotency_key', name='payment_refund_once')
    )
    op.create_index(op.f('ix_payment_refund_attempt_number'), 'payment_refund', ['attempt_number'], unique=False)
    op.create_index(op.f('ix_payment_refund_order_id'), 'payment_refund', ['order_id'], unique=False)
    op.create_index('payment_refund_stuck', 'payment_refund', ['changed_at'], unique=False, postgresql_where=sa.text("state = 'stuck'"))
    guard_ledger()


def guard_ledger() -> None:
    """Nothing is changed or taken away; at the commit every transaction has all its entries, and they balance."""
    op.execute("""
        CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% of % is refused: the ledger is only ever added to', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'insufficient_privilege';
        END $$
    """)
    op.execute("""
        CREATE FUNCTION ledger_balance() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            wanted record;
            found record;
        BEGIN
            SELECT id, key, entries INTO wanted FROM ledger_transaction
                WHERE id = COALESCE(to_jsonb(NEW) ->> 'transaction_id', to_jsonb(NEW) ->> 'id')::uuid;
            SELECT count(*) AS entries, COALESCE(sum(debit), 0) AS debit, COALESCE(sum(credit), 0) AS credit
                INTO found FROM ledger_entry WHERE transaction_id = wanted.id;
            IF found.debit <> found.credit OR found.entries <> wanted.entries THEN
                RAISE EXCEPTION 'ledger transaction % does not balance: % of % entries, debit %, credit %',
                    wanted.key, found.entries, wanted.entries, found.debit, found.credit
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NULL;
        END $$
    """)
    for table in ('ledger_transaction', 'ledger_entry'):
        op.execute(f'CREATE TRIGGER {table}_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} '
                   'EXECUTE FUNCTION ledger_refuse()')
        op.execute(f'CREATE CONSTRAINT TRIGGER {table}_balance AFTER INSERT ON {table} '
                   'DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balance()')
        for trigger in ('refuse', 'balance'):
            op.execute(f'ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{trigger}')


def downgrade() -> None:
    op.drop_index('payment_refund_stuck', table_name='payment_refund', postgresql_where=sa.text("state = 'stuck'"))
    op.drop_index(op.f('ix_payment_refund_order_id'), table_name='payment_refund')
    op.drop_index(op.f('ix_payment_refund_attempt_number'), table_name='payment_refund')
    op.drop_table('payment_refund')
    op.drop_index('payment_attempt_paid', table_name='payment_attempt', postgresql_where=sa.text('paid_at IS NOT NULL'))
    op.drop_index('payment_attempt_live', table_name='payment_attempt', postgresql_where=sa.text("state IN ('created', 'pending', 'unknown')"))
    op.drop_index(op.f('ix_payment_attempt_transaction'), table_name='payment_attempt')
    op.drop_index(op.f('ix_payment_attempt_order_id'), table_name='payment_attempt')
    op.drop_table('payment_attempt')
    op.drop_index(op.f('ix_payment_order_account_id'), table_name='payment_order')
    op.drop_index(op.f('ix_payment_order_about'), table_name='payment_order')
    op.drop_table('payment_order')
    op.drop_index('ledger_entry_account', table_name='ledger_entry')
    op.drop_table('ledger_entry')
    op.drop_index(op.f('ix_debit_mandate_about'), table_name='debit_mandate')
    op.drop_index(op.f('ix_debit_mandate_account_id'), table_name='debit_mandate')
    op.drop_index('debit_mandate_one', table_name='debit_mandate', postgresql_where=sa.text("state <> 'terminated'"))
    op.drop_table('debit_mandate')
    op.drop_index('payment_notice_odd', table_name='payment_notice', postgresql_where=sa.text('odd'))
    op.drop_index(op.f('ix_payment_notice_number'), table_name='payment_notice')
    op.drop_table('payment_notice')
    op.drop_index(op.f('ix_ledger_transaction_at'), table_name='ledger_transaction')
    op.drop_index(op.f('ix_ledger_transaction_about'), table_name='ledger_transaction')
    op.drop_table('ledger_transaction')
    op.execute('DROP FUNCTION ledger_balance()')
    op.execute('DROP FUNCTION ledger_refuse()')
