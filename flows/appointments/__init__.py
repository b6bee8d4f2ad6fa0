"""Appointments: offices and their hours, holds and bookings, the queue in the hall, and what residents are told."""
