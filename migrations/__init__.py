"""Alembic migrations of every table; ``migrations.upgrade`` runs them, ``migrations.tables`` lists where tables are."""
