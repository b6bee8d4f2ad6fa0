"""appointments"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '54f130a0794c'
down_revision = '7e52c0b8f4a1'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('CREATE EXTENSION IF NOT EXISTS btree_gist')  # equality beside overlap in one constraint
    op.create_table('appointment_office',
    sa.Column('code', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name_zh', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name_en', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('address_zh', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('address_en', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('latitude', sa.Float(), nullable=False),
    sa.Column('longitude', sa.Float(), nullable=False),
    sa.Column('time_zone', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('closed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.CheckConstraint('latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180', name='appointment_office_on_earth'),
    sa.ForeignKeyConstraint(['organisation'], ['organisation.code'], ),
    sa.PrimaryKeyConstraint('code')
    )
    op.create_index(op.f('ix_appointment_office_organisation'), 'appointment_office', ['organisation'], unique=False)
    op.create_table('appointment_exception',
    sa.Column('office', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('hours', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.ForeignKeyConstraint(['office'], ['appointment_office.code'], ),
    sa.PrimaryKeyConstraint('office', 'day')
    )
    op.create_table('appointment_resource',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('office', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('code', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('name_zh', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name_en', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('slot_minutes', sa.Integer(), nullable=False),
    sa.Column('buffer_minutes', sa.Integer(), nullable=False),
    sa.Column('skills', postgresql.ARRAY(sa.String()), nullable=False),
    sa.Column('filled_until', sa.Date(), nullable=True),
    sa.Column('filled_of', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('closed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.CheckConstraint('slot_minutes > 0 AND buffer_minutes >= 0', name='appointment_resource_minutes'),
    sa.ForeignKeyConstraint(['office'], ['appointment_office.code'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('appointment_resource_code', 'appointment_resource', ['office', 'code'], unique=True)
    op.create_table('appointment_service',
    sa.Column('code', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('department', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name_zh', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name_en', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('letter', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('further_minutes', sa.Integer(), nullable=False),
    sa.Column('people', sa.Integer(), nullable=False),
    sa.Column('level', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('release_minute', sa.Integer(), nullable=False),
    sa.Column('lead_minutes', sa.Integer(), nullable=False),
    sa.Column('cancel_minutes', sa.Integer(), nullable=False),
    sa.Column('draw_seconds', sa.Integer(), nullable=False),
    sa.Column('hold_minutes', sa.Integer(), nullable=False),
    sa.Column('most_active', sa.Integer(), nullable=False),
    sa.Column('counts_no_shows', sa.Boolean(), nullable=False),
    sa.Column('documents', postgresql.ARRAY(sa.String()), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('closed_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.CheckConstraint('days > 0 AND release_minute BETWEEN 0 AND 1439', name='appointment_service_window'),
    sa.CheckConstraint('minutes > 0 AND further_minutes >= 0 AND people > 0', name='appointment_service_length'),
    sa.CheckConstraint('most_active > 0', name='appointment_service_limit'),
    sa.ForeignKeyConstraint(['department'], ['department.name'], ),
    sa.PrimaryKeyConstraint('code')
    )
    op.create_index(op.f('ix_appointment_service_department'), 'appointment_service', ['department'], unique=False)
    op.create_table('appointment_schedule',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('resource_id', sa.Uuid(), nullable=False),
    sa.Column('days', postgresql.ARRAY(sa.String()), nullable=False),
    sa.Column('begin_minute', sa.Integer(), nullable=False),
    sa.Column('end_minute', sa.Integer(), nullable=False),
    sa.Column('quota', postgresql.ARRAY(sa.SmallInteger()), nullable=False),
    sa.Column('services', postgresql.ARRAY(sa.String()), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=True),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('ended_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.CheckConstraint('array_length(quota, 1) = 4 AND 0 <= ALL (quota)', name='schedule_quota'),
    sa.CheckConstraint('begin_minute >= 0 AND begin_minute < end_minute AND end_minute <= 1440', name='schedule_hours'),
    sa.ForeignKeyConstraint(['resource_id'], ['appointment_resource.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_appointment_schedule_resource_id'), 'appointment_schedule', ['resource_id'], unique=False)
    op.create_table('booking',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('hold_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('office', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('resource_id', sa.Uuid(), nullable=False),
    sa.Column('slot_ids', postgresql.ARRAY(sa.BigInteger()), nullable=False),
    sa.Column('starts_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('ends_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('people', sa.Integer(), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('replaces', sa.Uuid(), nullable=True),
    sa.Column('uid', sa.Uuid(), nullable=False),
    sa.Column('created_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('updated_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('returned_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('excused_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], ),
    sa.ForeignKeyConstraint(['office'], ['appointment_office.code'], ),
    sa.ForeignKeyConstraint(['replaces'], ['booking.id'], ),
    sa.ForeignKeyConstraint(['resource_id'], ['appointment_resource.id'], ),
    sa.ForeignKeyConstraint(['service'], ['appointment_service.code'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('code'),
    sa.UniqueConstraint('hold_id')
    )
    op.create_index('booking_account', 'booking', ['account_id', 'id'], unique=False)
    op.create_index('booking_office', 'booking', ['office', 'starts_at'], unique=False)
    op.create_index('booking_uid', 'booking', ['uid'], unique=False)
    op.create_index('booking_state', 'booking', ['state', 'starts_at'], unique=False, postgresql_where=sa.text("state IN ('confirmed', 'conflict')"))
    op.create_index(op.f('ix_booking_resource_id'), 'booking', ['resource_id'], unique=False)
    op.create_table('appointment_slot',
    sa.Column('id', sa.BigInteger(), autoincrement=True, nullable=False),
    sa.Column('resource_id', sa.Uuid(), nullable=False),
    sa.Column('schedule_id', sa.Uuid(), nullable=False),
    sa.Column('starts_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('ends_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=False),
    sa.Column('taken', sa.Integer(), server_default='0', nullable=False),
    sa.Column('quota', postgresql.ARRAY(sa.SmallInteger()), nullable=False),
    sa.Column('used', postgresql.ARRAY(sa.SmallInteger()), server_default='{0,0,0,0}', nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.CheckConstraint('taken >= 0 AND taken <= capacity', name='appointment_slot_never_oversold'),
    sa.ForeignKeyConstraint(['resource_id'], ['appointment_resource.id'], ),
    sa.ForeignKeyConstraint(['schedule_id'], ['appointment_schedule.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('appointment_slot_free', 'appointment_slot', ['schedule_id', 'starts_at'], unique=False, postgresql_where=sa.text("status = 'open' AND taken < capacity"))
    op.create_index('appointment_slot_time', 'appointment_slot', ['resource_id', 'starts_at'], unique=True)
    op.create_table('booking_event',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('booking_id', sa.Uuid(), nullable=False),
    sa.Column('event', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('actor', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('details', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['booking_id'], ['booking.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_booking_event_booking_id'), 'booking_event', ['booking_id'], unique=False)
    op.create_table('booking_person',
    sa.Column('booking_id', sa.Uuid(), nullable=False),
    sa.Column('person', sa.LargeBinary(), nullable=False),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('ordinal', sa.SmallInteger(), nullable=False),
    sa.Column('during', postgresql.TSTZRANGE(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    postgresql.ExcludeConstraint((sa.column('person'), '='), (sa.column('during'), '&&'), where=sa.text('active'), using='gist', name='booking_person_is_at_one_place'),
    sa.ForeignKeyConstraint(['booking_id'], ['booking.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('booking_id', 'person')
    )
    op.create_index('booking_person_limit', 'booking_person', ['person', 'service', 'ordinal'], unique=True, postgresql_where=sa.text('active'))

    op.create_table('appointment_release',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('service', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('opens_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('closes_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('drawn_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('entries', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['service'], ['appointment_service.code'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('appointment_draw_entry',
    sa.Column('release_id', sa.String(), nullable=False),
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('entered_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('rank', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], ),
    sa.ForeignKeyConstraint(['release_id'], ['appointment_release.id'], ),
    sa.PrimaryKeyConstraint('release_id', 'id')
    )
    op.create_index(op.f('ix_appointment_draw_entry_account_id'), 'appointment_draw_entry', ['account_id'], unique=False)
    op.create_index('appointment_draw_entry_rank', 'appointment_draw_entry', ['release_id', 'rank'], unique=False)


def downgrade() -> None:
    op.drop_table('appointment_draw_entry')
    op.drop_table('appointment_release')
    op.drop_index('booking_person_limit', table_name='booking_person', postgresql_where=sa.text('active'))
    op.drop_table('booking_person')
    op.drop_index(op.f('ix_booking_event_booking_id'), table_name='booking_event')
    op.drop_table('booking_event')
    op.drop_index('appointment_slot_time', table_name='appointment_slot')
    op.drop_index('appointment_slot_free', table_name='appointment_slot', postgresql_where=sa.text("status = 'open' AND taken < capacity"))
    op.drop_table('appointment_slot')
    op.drop_index(op.f('ix_booking_resource_id'), table_name='booking')
    op.drop_index('booking_state', table_name='booking', postgresql_where=sa.text("state IN ('confirmed', 'conflict')"))
    op.drop_index('booking_office', table_name='booking')
    op.drop_index('booking_account', table_name='booking')
    op.drop_table('booking')
    op.drop_index(op.f('ix_appointment_schedule_resource_id'), table_name='appointment_schedule')
    op.drop_table('appointment_schedule')
    op.drop_index(op.f('ix_appointment_service_department'), table_name='appointment_service')
    op.drop_table('appointment_service')
    op.drop_index('appointment_resource_code', table_name='appointment_resource')
    op.drop_table('appointment_resource')
    op.drop_table('appointment_exception')
    op.drop_index(op.f('ix_appointment_office_organisation'), table_name='appointment_office')
    op.drop_table('appointment_office')
