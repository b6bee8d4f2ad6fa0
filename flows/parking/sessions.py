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
PHONE = "phone"
"""The device of events that residents' phones report, at whatever lane: a word that any device outranks."""
BACK_SOON = timedelta(minutes=30)
"""Who left by phone alone and enters by phone within it has not left, or free minutes would begin anew as often."""
SEEN_FOR = timedelta(hours=24)
"""As long does what a device saw outrank what phones say after it, about a vehicle that none has seen to leave."""
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
    vehicle_class: str = ""  # empty: whoever tells it does not know
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
        again = read_at is not None and event.occurred_at - read_at <= REREAD
        if event.kind in CHARGES:
            _charges(visits, event)
        elif not _enters(event):
            _goes(visits, event, again=again)
            read_at = event.occurred_at
        elif event.opened:
            _comes(visits, event, again=again)
            read_at = event.occurred_at
    return visits


def _charges(visits: list[Visit], event: GateEvent) -> None:
    if visits and not visits[-1].left_at:
        last = visits[-1]
        visits[-1] = replace(last, charging=charged(last.charging, event), events=(*last.events, event.id))


def _comes(visits: list[Visit], event: GateEvent, *, again: bool) -> None:
    last = visits[-1] if visits else None
    if last and last.entered_at and not last.left_at and not last.asked_at and again:
        by_phone = last.entered_by_phone and event.device_id == PHONE
        visits[-1] = replace(_joined(_seen(last, event), event), entered_by_phone=by_phone)
    elif last and _has_not_left(last, event):
        visits[-1] = _joined(_inside_again(last), event)
    else:
        if last and not last.left_at:
            visits[-1] = _orphan(last, event)
        visits.append(_opened(event, entered_at=event.occurred_at, paid_here_fen=event.paid_fen))


def _goes(visits: list[Visit], event: GateEvent, *, again: bool) -> None:
    last = visits[-1] if visits else None
    if last and last.left_at and (again or event.reason == AGAIN):
        by_phone = last.left_by_phone and event.device_id == PHONE
        visits[-1] = replace(_joined(_seen(last, event), event), left_by_phone=by_phone)
        return
    if last and _has_not_left(last, event):
        visits[-1] = _inside_again(last)
    elif last is None or last.left_at:
        visits.append(_opened(event, entered_at=None))
    visits[-1] = _at_exit(_seen(visits[-1], event), event)
    if _is_doubtful(visits, event):
        visits[-1] = replace(visits[-1], review=visits[-1].review or "left_by_phone")


def charged(known: Charging | None, event: GateEvent) -> Charging:
    """Return from when until when a vehicle charged: from the first plug to the last; None: it still does."""
    since = known[0] if known else event.occurred_at
    return since, None if event.kind == "charge_start" else event.occurred_at


def _enters(event: GateEvent) -> bool:
    return event.kind == "enter" or (event.kind == "manual_open" and event.direction == "enter")


def _has_not_left(visit: Visit, event: GateEvent) -> bool:
    """Whether an event shows that a vehicle was inside all the time that only a phone says has left."""
    if visit.left_at is None or not visit.left_by_phone:
        return False
    gone = event.occurred_at - visit.left_at
    if not _enters(event):  # a device sees it at the exit
        return event.device_id != PHONE and gone <= SEEN_FOR
    return event.device_id == PHONE and gone <= (BACK_SOON if visit.entered_by_phone else SEEN_FOR)


def _inside_again(visit: Visit) -> Visit:
    return replace(visit, left_at=None, left_by_phone=False, released="")


def _is_doubtful(visits: list[Visit], event: GateEvent) -> bool:
    """Whether a device sees a vehicle leave of which only phones say that it has left and entered before."""
    if len(visits) == 1 or event.device_id == PHONE or not event.opened:
        return False
    before, last = visits[-2:]
    if not (before.left_at and before.left_by_phone and last.entered_at and last.entered_by_phone):
        return False
    return last.entered_at - before.left_at <= SEEN_FOR


def _seen(visit: Visit, event: GateEvent) -> Visit:
    """Take a camera's word on what a vehicle is for that of the phone that said it had entered."""
    if not visit.entered_by_phone or event.device_id == PHONE or event.kind not in ("enter", "exit"):
        return visit
    vehicle_class = event.vehicle_class or visit.vehicle_class
    return replace(visit, color=event.color or visit.color, vehicle_class=vehicle_class)


def _joined(visit: Visit, event: GateEvent) -> Visit:
    """Take in what is told of a passage again; what was paid with it counts."""
    return replace(visit, events=(*visit.events, event.id), paid_here_fen=visit.paid_here_fen + event.paid_fen)


def _opened(event: GateEvent, entered_at: datetime | None, paid_here_fen: int = 0) -> Visit:
    return Visit(
        id=event.id,
        credential=event.credential,
        color=event.color,
        confidence=event.confidence,
        vehicle_class=event.vehicle_class or "small",
        opened_at=event.occurred_at,
        entered_at=entered_at,
        match="exact" if entered_at else "none",
        review="" if entered_at else "no_entry",
        events=(event.id,),
        entered_by_phone=event.device_id == PHONE,
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
        left_by_phone=event.device_id == PHONE,
        released="manual" if manual else event.reason,
        review=visit.review or ("manual_open" if manual else ""),
        events=events,
    )


def _orphan(visit: Visit, event: GateEvent) -> Visit:
    """It entered again, so it must have left unseen before."""
    return replace(visit, orphaned_at=event.occurred_at, review=visit.review or "entered_again")
