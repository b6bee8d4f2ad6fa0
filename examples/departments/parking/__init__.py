"""The parking operator: lots, free bays, tariffs, sessions by number plate, quotes."""
