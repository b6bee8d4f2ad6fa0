"""Parking: operators, lots and gates, tariffs, sessions out of gate events, and what is owed for them."""
