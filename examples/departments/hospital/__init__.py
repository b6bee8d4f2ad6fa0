"""The First People's Hospital: departments, doctors, schedules, outpatient appointments, queues."""
