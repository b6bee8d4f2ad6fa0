"""Departments with a booking system of their own: its times are mirrored here, and bookings are made there, too."""
