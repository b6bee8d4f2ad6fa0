"""What travels between the platform and a department's booking system: docs/appointment_system.yaml in structs."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Raw, Struct

from flows.appointments.tables import Channel

Moment = Annotated[datetime, Meta(tz=True)]
Code = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{1,49}$")]
Cursor = Annotated[str, Meta(pattern="^[!-~]{1,200}$")]
_Places = Annotated[int, Meta(ge=0, le=1000)]


class Slot(Struct, frozen=True, kw_only=True):
    """A time of a resource. ``taken``: of its ``capacity``, what others than the platform have taken.

    ``booked`` are the platform's appointments in it. A later ``version`` is what holds.
    """

    office: Code
    resource: Code
    services: Annotated[tuple[Code, ...], Meta(min_length=1, max_length=50)]
    starts: Moment
    ends: Moment
    capacity: _Places
    taken: _Places = 0
    channels: dict[Channel, _Places] = {}
    booked: Annotated[tuple[UUID, ...], Meta(max_length=1000)] = ()
    closed: bool = False
    version: Annotated[int, Meta(ge=0, le=2**63 - 1)]


class SlotPage(Struct, frozen=True):
    """``GET /slots``: ``cursor`` leads to the next page, ``changes`` to what changes from the first page on."""

    slots: Annotated[tuple[Raw, ...], Meta(max_length=1000)]
    changes: Cursor
    cursor: Cursor | None = None


class Place(Struct, frozen=True):
    """Where and when an appointment is now."""

    office: Code
    resource: Code
    starts: Moment


class AppointmentChange(Struct, frozen=True, kw_only=True):
    """What their people have done with an appointment of the platform; ``to``: where they have moved it."""

    id: UUID
    state: Literal["cancelled", "moved", "arrived", "no_show"]
    reason: Annotated[str, Meta(max_length=200)] = ""
    to: Place | None = None

    def __post_init__(self) -> None:
        if (self.to is not None) != (self.state == "moved"):
            raise ValueError("`to` says where an appointment was moved, and is with no other state")


class Change(Struct, frozen=True):
    """One of the two."""

    slot: Slot | None = None
    appointment: AppointmentChange | None = None

    def __post_init__(self) -> None:
        if (self.slot is None) == (self.appointment is None):
            raise ValueError("a change is of a slot, or of an appointment")


class ChangePage(Struct, frozen=True):
    """``GET /changes``: ``cursor`` leads to what comes after; ``more``: there is some already."""

    changes: Annotated[tuple[Raw, ...], Meta(max_length=1000)]
    cursor: Cursor
    more: bool = False


class Wish(Struct, frozen=True, kw_only=True):
    """``PUT /appointments/{id}``: a place of each slot of a resource from ``starts`` to ``ends``.

    ``resident`` is the name that this department alone knows whoever booked by; empty if a counter booked for them.
    The places of the appointment that it ``replaces`` are free to it; that one is given up when this one stands.
    """

    office: str
    resource: str
    service: str
    starts: datetime
    ends: datetime
    people: int
    channel: Channel
    code: str
    resident: str = ""
    replaces: UUID | None = None


class Told(Struct, frozen=True):
    """A message of the outbox: how slots of a system stand, each in the JSON that it has sent."""

    system: str
    slots: tuple[str, ...]


class Refused(Struct, frozen=True):
    """409 and 410: how the slots of the appointment stand."""

    slots: Annotated[tuple[Raw, ...], Meta(max_length=100)] = ()
