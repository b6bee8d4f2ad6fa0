"""Gate events → sessions: a pure function of the set of events of one lot, in whatever order and how often they come.

Events are taken in the order of (occurred_at, device_id, seq). What each event says of one credential makes visits;
then exits without an entry are matched with open visits whose plate is near (``matching``).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from flows.parking.matching import match_exits
from flows.parking.session_tables import EventKind
from flows.parking.visits import Charging, Visit

CHARGES = ("charge_start", "charge_end")
REREAD = timedelta(seconds=120)
"""A plate that is read again within it, at entry or exit, passed once: the camera saw it twice (tailgating)."""
AGAIN = "again"
"""The reason of an exit of who had left already: it is the same passage, however much later it comes."""


class GateEvent(Struct, frozen=True, kw_only=True):
    """An event as sessions follow from it. ``opened``: whether the vehicle passed; ``confidence`` is in thousandths.

    ``paid_fen``: what the site itself took with it, at a terminal or booth. ``bay``: of one in a bay (``bays``).
    """

    id: UUID
    device_id: str
    seq: int
    kind: EventKind
    direction: Literal["enter", "exit"]
    occurred_at: datetime
    credential: str  # empty: nothing was read
    color: str = ""
    confidence: int = 1000
    vehicle_class: str = "small"
    opened: bool = True
    reason: str = ""
    paid_fen: int = 0
    bay: UUID | None = None


def sessions_of(events: Iterable[GateEvent]) -> list[Visit]:
    """Return the visits through the gates of a lot, in the order of their first events."""
    return sorted(match_exits(passages_of(events)), key=lambda visit: (visit.opened_at, visit.id))


def passages_of(events: Iterable[GateEvent]) -> list[Visit]:
    """Return what the events of each credential tell alone: an exit without an entry is a visit of its own."""
    by_credential: dict[str, list[GateEvent]] = {}
    for event in in_order(each for each in events if each.credential and each.kind != "deny" and each.bay is None):
        by_credential.setdefault(event.credential, []).append(event)
    return [visit for each in by_credential.values() for visit in _visits(each)]


def in_order(events: Iterable[GateEvent]) -> list[GateEvent]:
    """Return events once each, in the order in which they happened."""
    once = {event.id: event for event in events}
    return sorted(once.values(), key=lambda event: (event.occurred_at, event.device_id, event.seq, event.id))


def _visits(events: list[GateEvent]) -> list[Visit]:
    """Return the visits of one credential."""
    visits: list[Visit] = []
    read_at: datetime | None = None  # when it was last read at the side that the last visit stands at
    for event in events:
        last = visits[-1] if visits else None
        if event.kind in CHARGES:
            if last and not last.left_at:
                visits[-1] = replace(last, charging=charged(last.charging, event), events=(*last.events, event.id))
            continue
        again = read_at is not None and event.occurred_at - read_at <= REREAD
        if _enters(event):
            if not event.opened:
                continue
            if last and last.entered_at and not last.left_at and not last.asked_at and again:
                visits[-1] = _joined(last, event)
            else:
                if last and not last.left_at:
                    visits[-1] = _orphan(last, event)
                visits.append(_opened(event, entered_at=event.occurred_at, paid_here_fen=event.paid_fen))
        elif last and last.left_at and (again or event.reason == AGAIN):
            visits[-1] = _joined(last, event)
        else:
            if last is None or last.left_at:
                visits.append(_opened(event, entered_at=None))
            visits[-1] = _at_exit(visits[-1], event)
        read_at = event.occurred_at
    return visits


def charged(known: Charging | None, event: GateEvent) -> Charging:
    """Return from when until when a vehicle charged: from the first plug to the last; None: it still does."""
    since = known[0] if known else event.occurred_at
    return since, None if event.kind == "charge_start" else event.occurred_at


def _enters(event: GateEvent) -> bool:
    return event.kind == "enter" or (event.kind == "manual_open" and event.direction == "enter")


def _joined(visit: Visit, event: GateEvent) -> Visit:
    """Take in what is told of a passage again; what was paid with it counts."""
    return replace(visit, events=(*visit.events, event.id), paid_here_fen=visit.paid_here_fen + event.paid_fen)


def _opened(event: GateEvent, entered_at: datetime | None, paid_here_fen: int = 0) -> Visit:
    return Visit(
        id=event.id,
        credential=event.credential,
        color=event.color,
        confidence=event.confidence,
        vehicle_class=event.vehicle_class,
        opened_at=event.occurred_at,
        entered_at=entered_at,
        match="exact" if entered_at else "none",
        review="" if entered_at else "no_entry",
        events=(event.id,),
        paid_here_fen=paid_here_fen,
    )


def _at_exit(visit: Visit, event: GateEvent) -> Visit:
    events = visit.events if event.id in visit.events else (*visit.events, event.id)
    visit = replace(visit, paid_here_fen=visit.paid_here_fen + event.paid_fen)
    if not event.opened:
        return replace(visit, asked_at=event.occurred_at, events=events)
    manual = event.kind == "manual_open"
    return replace(
        visit,
        left_at=event.occurred_at,
        released="manual" if manual else event.reason,
        review=visit.review or ("manual_open" if manual else ""),
        events=events,
    )


def _orphan(visit: Visit, event: GateEvent) -> Visit:
    """It entered again, so it must have left unseen before."""
    return replace(visit, orphaned_at=event.occurred_at, review=visit.review or "entered_again")
