"""The modules that define tables: importing this module fills ``SQLModel.metadata``. A new package adds its line."""

import kernel.outbox  # noqa: F401 - imported for its tables
