"""The modules that define tables: importing this module fills ``SQLModel.metadata``. A new package adds its line."""

import auth.tables  # noqa: F401 - imported for its tables
import kernel.audit.tables  # imported for its tables
import kernel.outbox  # noqa: F401 - imported for its tables
import services_catalog.tables  # noqa: F401 - imported for its tables
