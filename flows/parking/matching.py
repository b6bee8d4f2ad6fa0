"""Exits without an entry: whose they are, by a plate that is near. Pure.

Accepted only if one open visit is near, the camera is sure and the colours are the same; otherwise a person decides.
"""

from collections.abc import Iterable
from datetime import timedelta

from msgspec.structs import replace

from flows.parking.credentials import plate_in
from flows.parking.plates import near
from flows.parking.visits import Visit

WITHIN = timedelta(hours=24)
SURE = 900  # thousandths


def match_exits(visits: Iterable[Visit]) -> list[Visit]:
    """Return the visits with each lost exit joined to its visit, or marked for review."""
    found = {visit.id: visit for visit in visits}
    lost = [visit for visit in found.values() if visit.entered_at is None and plate_in(visit.credential)]
    for gone in sorted(lost, key=lambda visit: (visit.opened_at, visit.id)):
        candidates = [visit for visit in found.values() if may_be(gone, visit)]
        if len(candidates) == 1 and _sure(gone, candidates[0]):
            del found[gone.id]
            found[candidates[0].id] = _joined(candidates[0], gone)
        elif candidates:
            names = tuple(sorted(visit.id for visit in candidates))
            found[gone.id] = replace(gone, match="review", review="ambiguous_plate", candidates=names)
    return list(found.values())


def may_be(gone: Visit, visit: Visit) -> bool:
    """Whether a visit was open when the exit without an entry came, and its plate is near."""
    if visit.entered_at is None or visit.left_at is not None or visit.match == "fuzzy":
        return False
    if not visit.entered_at <= gone.opened_at <= visit.entered_at + WITHIN:
        return False
    if visit.orphaned_at is not None and visit.orphaned_at < gone.opened_at:
        return False
    return near_credentials(gone.credential, visit.credential)


def near_credentials(one: str, other: str) -> bool:
    """Whether both are plates that a camera may take for each other."""
    first, second = plate_in(one), plate_in(other)
    return first is not None and second is not None and near(first, second)


def _sure(gone: Visit, visit: Visit) -> bool:
    return gone.confidence >= SURE and gone.color == visit.color != ""


def _joined(visit: Visit, gone: Visit) -> Visit:
    return replace(
        visit,
        asked_at=gone.asked_at,
        left_at=gone.left_at,
        orphaned_at=None if gone.left_at else visit.orphaned_at,
        joined_event=gone.id,
        released=gone.released,
        match="fuzzy",
        review="manual_open" if gone.released == "manual" else "",
        events=(*visit.events, *gone.events),
        paid_here_fen=visit.paid_here_fen + gone.paid_here_fen,
    )
