"""The modules that define tables: importing this module fills ``SQLModel.metadata``. A new package adds its line."""

import auth.accounts.tables
import auth.clients.tables
import auth.consents.tables
import auth.keys.tables
import auth.mandates.tables
import auth.provider.tables
import auth.sessions.tables
import auth.tables  # noqa: F401 - imported for its tables
import flows.appointments.booking_tables
import flows.appointments.draw.tables
import flows.appointments.hall.tables
import flows.appointments.notice_tables
import flows.appointments.papers.tables
import flows.appointments.right_tables
import flows.appointments.tables
import flows.appointments.waitlist.tables
import flows.codes.place_tables
import flows.codes.tables
import flows.parking.operating_tables
import flows.parking.session_tables
import flows.parking.site_logs.tables
import flows.parking.tables
import flows.parking.vehicle_tables  # imported for its tables
import flows.payments.reconciliation.tables
import flows.payments.tables
import flows.pickups.notice_tables
import flows.pickups.tables  # noqa: F401 - imported for its tables
import kernel.audit.tables  # imported for its tables
import kernel.outbox  # noqa: F401 - imported for its tables
import services_catalog.guide.tables  # imported for its tables
import services_catalog.lifecycle.tables  # imported for its tables
import services_catalog.organisations.tables  # imported for its tables
import services_catalog.probes.tables  # imported for its tables
import services_catalog.tables  # imported for its tables
import services_catalog.usage.tables  # noqa: F401 - imported for its tables
