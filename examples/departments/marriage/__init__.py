"""The civil affairs bureau's marriage registry: offices, days and slots that are free, bookings."""
