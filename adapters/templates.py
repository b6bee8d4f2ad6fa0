"""Which template of an app's tells residents what, as the file of host apps says it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

MessageName = Literal[
    "appointment_called",  # in the hall: not by SMS
    "appointment_cancelled",  # by somebody else than whom it tells
    "appointment_companion",  # somebody has booked for them, too
    "appointment_companion_left",  # somebody whom they have named
    "appointment_conflict",  # the office's hours have changed, and it decides
    "appointment_kept",  # although they have changed
    "appointment_moved",  # by somebody else
    "appointment_offer",  # the waitlist has a place for them
    "appointment_office_cancelled",
    "appointment_reminder",
    "parking_arrears",  # what is owed for a session is not paid
    "parking_billed",  # somebody has left a bay of a street, and owes for it
    "parking_charging_over",  # a car has charged, and staying costs more soon
    "parking_debit_failed",
    "parking_orphan_closed",  # it was closed, for nobody saw the vehicle leave
    "pickup_ready",  # something lies at an office for them
]
Value = Literal[
    "what",
    "what_en",  # of pick-ups
    # of parking
    "lot",
    "plate",
    "amount",
    "entered",
    "left",
    # of appointments
    "service",
    "office",
    "starts",
    "code",
    "reason",
    "number",  # in the hall
    "counter",
    "until",  # when an offer ends, or a pick-up
    "phone",  # the office's
]


class Template(Struct, frozen=True, forbid_unknown_fields=True):
    """A template by its id at the host. ``values``: which of ours stands for which of its keywords.

    ``page`` is what a tap on the message opens.
    """

    id: Annotated[str, Meta(min_length=1)]
    values: Mapping[str, Value]
    page: str = ""


Templates = Mapping[MessageName, Template]
