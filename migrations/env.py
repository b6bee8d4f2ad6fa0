"""What Alembic runs: the connection comes from ``migrations.upgrade``, the tables from ``migrations.tables``."""

from alembic import context
from sqlmodel import SQLModel

import migrations.tables  # noqa: F401 - fills SQLModel.metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata)
context.run_migrations()
