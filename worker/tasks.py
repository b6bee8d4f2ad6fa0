"""The modules that declare tasks: importing this module registers them all. A feature with tasks adds its line."""

import auth.provider.tasks
import auth.sessions.tasks  # noqa: F401 - imported for its tasks
import flows.appointments.systems.tasks
import flows.appointments.tasks
import flows.codes.tasks
import flows.parking.site_logs.tasks
import flows.parking.tasks  # imported for its tasks
import flows.payments.reconciliation.tasks
import flows.payments.tasks
import flows.pickups.tasks  # noqa: F401 - imported for its tasks
import kernel.audit.tasks  # imported for its tasks
import kernel.celery  # noqa: F401 - imported for its tasks
import services_catalog.lifecycle.tasks
import services_catalog.probes.tasks  # imported for its tasks
import services_catalog.usage.tasks  # noqa: F401 - imported for its tasks
import worker.probing  # noqa: F401 - imported for its tasks
