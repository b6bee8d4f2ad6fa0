"""lines of slots"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'b7d3a95c1e42'
down_revision = '4928316ad7fe'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('appointment_line',
    sa.Column('resource_id', sa.Uuid(), nullable=False),
    sa.Column('begins_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('unit_minutes', sa.Integer(), nullable=False),
    sa.Column('services', postgresql.ARRAY(sa.String()), nullable=False),
    sa.Column('serves', postgresql.ARRAY(sa.LargeBinary()), nullable=False),
    sa.Column('bits', postgresql.ARRAY(sa.LargeBinary()), nullable=False),
    sa.ForeignKeyConstraint(['resource_id'], ['appointment_resource.id'], ),
    sa.PrimaryKeyConstraint('resource_id')
    )
    op.create_index('appointment_line_services', 'appointment_line', ['services'], unique=False, postgresql_using='gin')
    # Rows are written anew within their page, without a look at the index, and so are slots without an index of theirs
    # on what is taken.
    op.execute('ALTER TABLE appointment_line SET (fillfactor = 50)')
    op.execute('ALTER TABLE appointment_slot SET (fillfactor = 80)')
    op.drop_index('appointment_slot_free', table_name='appointment_slot',
                  postgresql_where=sa.text("status = 'open' AND taken < capacity"))
    op.execute("""
        CREATE FUNCTION appointment_slot_states(slot appointment_slot) RETURNS integer[] LANGUAGE sql IMMUTABLE AS $$
            SELECT ARRAY[
                (slot.status = 'open')::integer,
                (slot.status = 'open' AND slot.taken < slot.capacity)::integer,
                (slot.status = 'open' AND slot.taken < slot.capacity AND slot.used[1] < slot.quota[1])::integer,
                (slot.status = 'open' AND slot.taken < slot.capacity AND slot.used[2] < slot.quota[2])::integer,
                (slot.status = 'open' AND slot.taken < slot.capacity AND slot.used[3] < slot.quota[3])::integer,
                (slot.status = 'open' AND slot.taken < slot.capacity AND slot.used[4] < slot.quota[4])::integer
            ]
        $$
    """)
    op.execute("""
        CREATE FUNCTION appointment_line_follow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE appointment_line line SET bits = (
                SELECT array_agg(set_bit(mask, floor(extract(epoch FROM NEW.starts_at - line.begins_at) / 60)::bigint
                    / line.unit_minutes, state) ORDER BY number)
                FROM unnest(line.bits, appointment_slot_states(NEW)) WITH ORDINALITY AS known (mask, state, number)
            )
            WHERE line.resource_id = NEW.resource_id AND NEW.starts_at >= line.begins_at
                AND NEW.starts_at < line.begins_at
                    + 8 * octet_length(line.bits[1]) * line.unit_minutes * interval '1 minute';
            RETURN NULL;
        END $$
    """)
    # At the commit, so that nobody waits for a line while another's transaction goes on; and only for what flips.
    op.execute("""
        CREATE CONSTRAINT TRIGGER appointment_line_follow AFTER UPDATE OF taken, used ON appointment_slot
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN (appointment_slot_states(OLD) <> appointment_slot_states(NEW))
        EXECUTE FUNCTION appointment_line_follow()
    """)
    op.execute('UPDATE appointment_resource SET filled_until = NULL')  # the worker draws their lines


def downgrade() -> None:
    op.execute('DROP TRIGGER appointment_line_follow ON appointment_slot')
    op.execute('DROP FUNCTION appointment_line_follow()')
    op.execute('DROP FUNCTION appointment_slot_states(appointment_slot)')
    op.create_index('appointment_slot_free', 'appointment_slot', ['schedule_id', 'starts_at'],
                    postgresql_where=sa.text("status = 'open' AND taken < capacity"))
    op.execute('ALTER TABLE appointment_slot RESET (fillfactor)')
    op.drop_index('appointment_line_services', table_name='appointment_line', postgresql_using='gin')
    op.drop_table('appointment_line')
