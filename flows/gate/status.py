"""How a box stands, for its page and for whoever watches over it."""

from datetime import datetime

from msgspec import Struct

from flows.gate.box import Box
from flows.gate.wire import Answer
from flows.parking.tables import Direction


class LaneStatus(Struct, frozen=True):
    """``waiting``: a vehicle stands there that the arm has not opened for."""

    name: str
    direction: Direction
    fail_open: bool
    last: Answer | None
    waiting: bool


class CloudStatus(Struct, frozen=True):
    """``problem`` is why it is not up. ``clock_offset_ms``: how far the box's clock is ahead, None if not known."""

    up: bool
    cut: bool
    problem: str
    heard_at: datetime | None
    clock_offset_ms: int | None
    clock_known: bool


class Status(Struct, frozen=True):
    """All of it. The ages of lists are in seconds, None if there is none."""

    lot_zh: str
    lot_en: str
    now: datetime
    simulated: bool
    inside: int
    queue: int
    keys_age: int | None
    revocations_age: int | None
    snapshot: bool
    cloud: CloudStatus
    lanes: list[LaneStatus]
    recent: list[Answer]


def status_of(box: Box) -> Status:
    """Return how it stands now."""
    now, passing, lot = box.clock.now(), box.passing, box.passing.terms.lot
    return Status(
        lot_zh=lot.name_zh if lot else "",
        lot_en=lot.name_en if lot else "",
        now=now,
        simulated=box.simulated,
        inside=passing.inside.count,
        queue=passing.journal.waiting,
        keys_age=_age(passing.scanner.keys.issued_at, now),
        revocations_age=_age(passing.scanner.revoked.issued_at if passing.scanner.revoked else None, now),
        snapshot=lot is not None,
        cloud=_cloud(box, now),
        lanes=[
            LaneStatus(
                lane.name,
                lane.direction,
                lane.fail_open,
                passing.lanes.last.get(lane.name),
                passing.lanes.waiting(lane.name, now) is not None,
            )
            for lane in passing.serves.values()
        ],
        recent=list(passing.lanes.recent),
    )


def _cloud(box: Box, now: datetime) -> CloudStatus:
    cloud, time = box.cloud, box.cloud.time
    offset = None if time is None else round(time.error.total_seconds() * 1000)
    known = time is not None and time.is_known(now)
    return CloudStatus(cloud.is_up(now), cloud.is_cut, cloud.problem, cloud.heard_at, offset, known)


def _age(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else max(0, int((now - at).total_seconds()))
