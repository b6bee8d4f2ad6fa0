"""FHIR's Appointment.status of each of our states, and Slot.status of a slot."""

from collections.abc import Mapping

from flows.appointments.states import State
from flows.appointments.tables import SlotStatus

STATUSES: Mapping[State, str] = {
    "held": "proposed",  # nobody has accepted it yet
    "expired": "cancelled",
    "released": "cancelled",
    "confirmed": "booked",
    "conflict": "pending",  # the office has to say what now
    "ticket": "arrived",
    "checked_in": "checked-in",
    "called": "checked-in",
    "serving": "fulfilled",  # from there on FHIR has an Encounter
    "done": "fulfilled",
    "missed": "arrived",  # was there, and did not come when called
    "requeued": "arrived",
    "no_show": "noshow",
    "cancelled": "cancelled",
    "rescheduled": "cancelled",
    "office_cancelled": "cancelled",
    "waitlisted": "waitlist",
    "offered": "pending",
    "lapsed": "cancelled",
    "left": "cancelled",
}
SLOT_STATUSES = ("free", "busy", "busy-unavailable")


def states_of(statuses: frozenset[str]) -> list[State]:
    """Return the states that are one of these statuses."""
    return [state for state, status in STATUSES.items() if status in statuses]


def slot_status(status: SlotStatus, taken: int, capacity: int) -> str:
    """Return how a slot stands: closed ones are served no more, whoever has booked there."""
    if status == "closed":
        return "busy-unavailable"
    return "free" if taken < capacity else "busy"
