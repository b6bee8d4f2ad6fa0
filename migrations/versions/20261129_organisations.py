"""The tree of organisations: where each stood when, what changed, who answers for what, roles and duty calendars."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '9f9814d11c0c'
down_revision = 'b34df005bb4e'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('calendar',
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('time_zone', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('week', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('calendar_day',
    sa.Column('calendar', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('hours', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.ForeignKeyConstraint(['calendar'], ['calendar.name'], ),
    sa.PrimaryKeyConstraint('calendar', 'day')
    )
    op.create_table('organisation',
    sa.Column('code', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name_zh', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name_en', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('short_name', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('tier', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('parent', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('guidance_parent', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('region_code', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('credit_code', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=True),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('merged_into', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('calendar', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('contact', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('longitude', sa.Float(), nullable=True),
    sa.Column('latitude', sa.Float(), nullable=True),
    sa.Column('path', sa.Text(collation='C'), nullable=False),
    sa.Column('guidance_path', sa.Text(collation='C'), nullable=False),
    sa.CheckConstraint('valid_from < valid_to', name='organisation_begins_before_it_ends'),
    sa.ForeignKeyConstraint(['calendar'], ['calendar.name'], ),
    sa.ForeignKeyConstraint(['guidance_parent'], ['organisation.code'], ),
    sa.ForeignKeyConstraint(['merged_into'], ['organisation.code'], ),
    sa.ForeignKeyConstraint(['parent'], ['organisation.code'], ),
    sa.PrimaryKeyConstraint('code')
    )
    op.create_index(op.f('ix_organisation_guidance_parent'), 'organisation', ['guidance_parent'], unique=False)
    op.create_index(op.f('ix_organisation_parent'), 'organisation', ['parent'], unique=False)
    op.create_index('organisation_guidance_path', 'organisation', ['guidance_path'], unique=False)
    op.create_index('organisation_path', 'organisation', ['path'], unique=False)
    op.create_index('organisation_point', 'organisation', [sa.literal_column('point(longitude, latitude)')], unique=False, postgresql_using='gist', postgresql_where=sa.text("tier IN ('village', 'grid') AND longitude IS NOT NULL"))
    op.create_table('organisation_change',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('change', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('effective', sa.Date(), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('actor', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('before', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('after', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['organisation'], ['organisation.code'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_organisation_change_organisation'), 'organisation_change', ['organisation'], unique=False)
    op.create_table('organisation_place',
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=False),
    sa.Column('path', sa.Text(collation='C'), nullable=False),
    sa.Column('guidance_path', sa.Text(collation='C'), nullable=False),
    sa.CheckConstraint('since < until', name='organisation_place_begins_before_it_ends'),
    sa.ForeignKeyConstraint(['organisation'], ['organisation.code'], ),
    sa.PrimaryKeyConstraint('organisation', 'since')
    )
    op.create_index('organisation_place_guidance_path', 'organisation_place', ['guidance_path'], unique=False, postgresql_include=['since', 'until'])
    for line in ('', 'guidance_'):
        expression = sa.text(f'left({line}path, greatest(length({line}path) - length(organisation) - 1, 0))')
        op.create_index(f'organisation_place_{line}parent', 'organisation_place', [expression])
    op.create_index('organisation_place_path', 'organisation_place', ['path'], unique=False, postgresql_include=['since', 'until'])
    op.create_table('responsibility',
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('matter', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=False),
    sa.CheckConstraint('valid_from < valid_to', name='responsibility_begins_before_it_ends'),
    sa.ForeignKeyConstraint(['organisation'], ['organisation.code'], ),
    sa.PrimaryKeyConstraint('organisation', 'matter', 'valid_from')
    )
    op.create_index(op.f('ix_responsibility_matter'), 'responsibility', ['matter'], unique=False)
    op.create_table('role_held',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('holder', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('role', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('line', sa.String(), nullable=False),
    sa.Column('valid_from', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('valid_to', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('granted_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.ForeignKeyConstraint(['organisation'], ['organisation.code'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_role_held_holder'), 'role_held', ['holder'], unique=False)
    op.create_index(op.f('ix_role_held_organisation'), 'role_held', ['organisation'], unique=False)
    op.add_column('department', sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.create_foreign_key('department_organisation_fkey', 'department', 'organisation', ['organisation'], ['code'])
    op.execute("""
        CREATE FUNCTION organisation_change_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% of % is refused: changes are only ever added', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'insufficient_privilege';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER organisation_change_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON organisation_change
        EXECUTE FUNCTION organisation_change_refuse()
    """)


def downgrade() -> None:
    op.drop_constraint('department_organisation_fkey', 'department', type_='foreignkey')
    op.drop_column('department', 'organisation')
    for table in ('role_held', 'responsibility', 'organisation_place', 'organisation_change', 'organisation'):
        op.drop_table(table)
    op.drop_table('calendar_day')
    op.drop_table('calendar')
    op.execute('DROP FUNCTION organisation_change_refuse()')
