"""A visit: a session as it follows from gate events alone, before anything is paid."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from flows.parking.session_tables import Match

Charging = tuple[datetime, datetime | None]
"""From when until when a car charged; no end: it still does."""


class Visit(Struct, frozen=True, kw_only=True):
    """``id`` is that of its first event. ``orphaned_at``: when its vehicle entered again without having left.

    ``asked_at``: when it last stood at an exit that did not open. ``review`` is why a person should look at it.
    ``candidates``: the visits that an exit without an entry may belong to. ``joined_event``: the first of the exit that
    belongs to it by a near plate. ``paid_here_fen``: what the site itself took. ``bay_id``: of a visit in a bay.
    ``entered_by_phone``, ``left_by_phone``: only a resident's phone says so, no device has seen it.
    """

    id: UUID
    credential: str
    color: str
    confidence: int  # in thousandths
    vehicle_class: str
    opened_at: datetime
    entered_at: datetime | None
    asked_at: datetime | None = None
    left_at: datetime | None = None
    orphaned_at: datetime | None = None
    joined_event: UUID | None = None
    bay_id: UUID | None = None
    released: str = ""
    match: Match = "exact"
    review: str = ""
    events: tuple[UUID, ...] = ()
    candidates: tuple[UUID, ...] = ()
    paid_here_fen: int = 0
    charging: Charging | None = None
    entered_by_phone: bool = False
    left_by_phone: bool = False

    @property
    def inside(self) -> bool:
        """Whether the vehicle is taken to be in the lot."""
        return self.left_at is None and self.orphaned_at is None
