"""The hall of appointments' tests, and its staff with their keys."""

from tests.appointments.conftest import bare_hall, hall

__all__ = ("bare_hall", "hall")
