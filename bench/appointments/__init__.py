"""The parts of ``make bench NAME=booking``."""
