"""Events in bays of a street → visits: a pure function of their set, in whatever order and how often they come.

What happens in a bay is one story, whoever tells it: sensors see that somebody came or went, cameras, inspectors and
drivers say who it is. Who was never read is known by the bay, and nobody can be billed.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from uuid import UUID

from flows.parking.credentials import credential
from flows.parking.matching import near_credentials
from flows.parking.sessions import CHARGES, PHONE, REREAD, GateEvent, charged, in_order, sessions_of
from flows.parking.visits import Charging, Visit


def visits_of(events: Iterable[GateEvent]) -> list[Visit]:
    """Return all visits of a lot, through its gates and in its bays, in the order of their first events."""
    events = list(events)
    visits = [*sessions_of(events), *stays_of(events)]
    return sorted(visits, key=lambda visit: (visit.opened_at, visit.id))


def stays_of(events: Iterable[GateEvent]) -> list[Visit]:
    """Return the visits in bays."""
    by_bay: dict[UUID, list[GateEvent]] = {}
    for event in in_order(each for each in events if each.bay is not None):
        by_bay.setdefault(event.bay, []).append(event)  # type: ignore[arg-type]  # as it was chosen
    return [stay.visit(bay) for bay, told in by_bay.items() for stay in _stays(told)]


class _Stay:
    """Somebody in a bay; the first event says since when, unless it is that they left."""

    def __init__(self, first: GateEvent) -> None:
        self.events = [first]
        self.entered_at = None if first.kind == "park_end" else first.occurred_at
        self.left_at = first.occurred_at if first.kind == "park_end" else None
        self.orphaned_at: datetime | None = None

    @property
    def stands(self) -> bool:
        return self.left_at is None and self.orphaned_at is None

    @property
    def read(self) -> GateEvent | None:
        """The best reading of the plate, the first of equals; None: there is none."""
        return max((each for each in self.events if each.credential), key=lambda each: each.confidence, default=None)

    @property
    def charging(self) -> Charging | None:
        told = (each for each in self.events if each.kind in CHARGES)
        return reduce(charged, told, None)

    def may_be(self, event: GateEvent) -> bool:
        """Whether an event may be of the same vehicle, by its plate."""
        read = self.read
        if not event.credential or read is None or event.credential == read.credential:
            return True
        return near_credentials(event.credential, read.credential)

    def is_again(self, event: GateEvent) -> bool:
        """Whether an event tells of it once more what was told just before."""
        return event.occurred_at - self.events[-1].occurred_at <= REREAD and self.may_be(event)

    def visit(self, bay: UUID) -> Visit:
        first, read = self.events[0], self.read
        same = [each for each in self.events if read and each.credential == read.credential]
        same.sort(key=lambda each: each.device_id == PHONE)  # what it is, devices know better
        differ = len({each.credential for each in self.events if each.credential}) > 1
        doubt = "ambiguous_plate" if differ else "entered_again" if self.orphaned_at else ""
        return Visit(
            id=first.id,
            credential=read.credential if read else credential("bay", str(bay)),
            color=next((each.color for each in same if each.color), ""),
            confidence=read.confidence if read else 0,
            vehicle_class=next((each.vehicle_class for each in same or [first] if each.vehicle_class), "small"),
            opened_at=first.occurred_at,
            entered_at=self.entered_at,
            left_at=self.left_at,
            orphaned_at=self.orphaned_at,
            match="none" if read is None or self.entered_at is None else "fuzzy" if differ else "exact",
            review="no_entry" if read and self.entered_at is None else doubt,
            events=tuple(each.id for each in self.events),
            charging=self.charging,
            bay_id=bay,
        )


def _stays(events: list[GateEvent]) -> list[_Stay]:
    """Return who was in one bay, one after the other."""
    stays: list[_Stay] = []
    for event in events:
        last = stays[-1] if stays else None
        if event.kind in CHARGES:
            if last is not None and last.stands and last.may_be(event):
                last.events.append(event)
        elif last is None or not _goes_on(last, event):
            if last is not None and last.stands:
                last.orphaned_at = event.occurred_at  # somebody else is there now
            stays.append(_Stay(event))
        else:
            last.events.append(event)
            if event.kind == "park_end" and last.stands:
                last.left_at = event.occurred_at
    return stays


def _goes_on(last: _Stay, event: GateEvent) -> bool:
    """Whether an event is of whoever came last."""
    if not last.stands:
        return last.orphaned_at is None and event.kind != "park_start" and last.is_again(event)
    if event.kind == "park_end":  # of whom there is, whatever was read: nobody else is in the bay
        return True
    return last.is_again(event) if event.kind == "park_start" else last.may_be(event)
