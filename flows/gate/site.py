"""What happens at a site: a plate is read, a code is shown, an arm is lifted by hand, money is taken at a lane.

What comes again with the same id is answered as the first time, and happens once.
"""

from datetime import datetime, timedelta
from typing import Literal

from msgspec.structs import replace

from flows.codes.errors import PassCodeRefusedError
from flows.codes.refusals import Refusal
from flows.codes.signed_receipts import PREFIX as RECEIPT
from flows.gate.deciding import Barrier
from flows.gate.errors import GateRequestError, LaneUnknownError
from flows.gate.passing import Passing
from flows.gate.wire import Answer, CodeShown, OpenedByHand, PaidHere, PlateRead
from flows.parking.errors import PlateError
from flows.parking.event_wire import LATE, WireEvent, credential_of
from flows.parking.plates import read_plate
from flows.parking.sessions import AGAIN
from flows.parking.site_snapshot import SiteLane
from kernel.ids import uuid7

AHEAD = timedelta(seconds=60)
"""A camera's own time is taken unless it is further ahead of the box's than this, or older than the platform takes."""
STANDS_FOR = timedelta(seconds=60)
"""What a camera tells later than this is over: its vehicle stands there no more, so no arm moves."""


class Site:
    """Each call raises LaneUnknownError, GateRequestError and StoreFailedError."""

    def __init__(self, passing: Passing) -> None:
        self._passing = passing
        self._journal = passing.journal
        self._clock = passing.clock

    async def plate_read(self, lane_name: str, read: PlateRead) -> Answer:
        """Answer a camera."""
        lane = self._lane(lane_name)
        if (known := await self._journal.answered(read.id)) is not None:
            return known
        now = self._clock.now()
        wire = WireEvent(
            event_id=read.id or uuid7(),
            seq=0,
            lane=lane.name,
            kind=lane.direction,
            occurred_at=_time_of(read.occurred_at, now),
            plate=_plate(read.plate),
            plate_color=read.colour,
            confidence=read.confidence,
            vehicle_class=read.vehicle_class,
            image_ref=read.image_ref,
        )
        if now - wire.occurred_at > STANDS_FOR:
            return await self._passing.passed(lane, wire)
        self._passing.lanes.saw(lane.name, wire, now)
        answer = await self._passing.pass_(lane, wire)
        if answer.decision == "open":
            self._passing.lanes.opened(lane.name, now)
        return answer

    async def code_shown(self, lane_name: str, shown: CodeShown) -> Answer:
        """Answer a scanner. A code that is refused is no event: its driver is told why."""
        lane = self._lane(lane_name)
        if (known := await self._journal.answered(shown.id)) is not None:
            return known
        try:
            if shown.text.startswith(RECEIPT):
                return await self._receipt(lane, shown)
            return await self._pass_code(lane, shown)
        except PassCodeRefusedError as refused:
            return self._passing.lanes.show(_refused(refused, lane.name, self._clock.now()))

    async def opened_by_hand(self, lane_name: str, opened: OpenedByHand) -> Answer:
        """Lift the arm, whatever is due; the reason is kept."""
        lane, now = self._lane(lane_name), self._clock.now()
        if (known := await self._journal.answered(opened.id)) is not None:
            return known
        waiting = self._passing.lanes.waiting(lane.name, now)
        wire = WireEvent(
            event_id=opened.id or uuid7(),
            seq=0,
            lane=lane.name,
            kind="manual_open",
            occurred_at=now,
            plate=_plate(opened.plate) or (waiting.wire.plate if waiting is not None else ""),
            pass_subject=waiting.wire.pass_subject if waiting is not None and not opened.plate else "",
            reason=opened.reason,
        )
        answer = await self._passing.write(lane, wire, Barrier("open", opened.reason))
        self._passing.lanes.wait(lane.name, None)
        self._passing.lanes.opened(lane.name, now)
        return answer

    async def paid_here(self, lane_name: str, paid: PaidHere) -> Answer:
        """Take note of money that the lane's terminal or booth took, for the vehicle that waits there.

        It is taken already, so it is never refused: if nobody waits any more it is of who waited last, and if nobody
        has, of nobody, which reconciliation finds. The arm opens for who is inside alone.
        """
        lane, now = self._lane(lane_name), self._clock.now()
        if (known := await self._journal.answered(paid.id)) is not None:
            return known
        stood = self._passing.lanes.stood(lane.name)
        if stood is None:
            wire = WireEvent(event_id=paid.id or uuid7(), seq=0, lane=lane.name, kind=lane.direction, occurred_at=now)
            wire = replace(wire, paid_fen=paid.amount_fen, paid_reference=paid.reference)
            return await self._passing.write(lane, wire, Barrier("booth", "unread"))
        wire = self._passing.again(stood, paid.id, paid_fen=paid.amount_fen, paid_reference=paid.reference)
        if self._passing.lanes.waiting(lane.name, now) is not None or self._passing.is_inside(wire):
            return await self._passing.pass_(lane, wire)
        return await self._passing.write(lane, wire, Barrier("booth", AGAIN))

    async def _pass_code(self, lane: SiteLane, shown: CodeShown) -> Answer:
        """Let in or out whoever holds a code. Raises PassCodeRefusedError.

        It is of the vehicle that the camera has just read, so that it is one stay, and barred if its plate is; at an
        exit only if that is inside: else it entered by its code.
        """
        now, request, lanes = self._clock.now(), shown.id or uuid7(), self._passing.lanes
        seen = lanes.seen(lane.name, now)
        risk: Literal["low", "any"] = "low" if lane.direction == "exit" or seen is not None else "any"
        accepted = await self._passing.scanner.accept(shown.text, lane.name, request, now, risk)
        wire = WireEvent(
            event_id=request,
            seq=0,
            lane=lane.name,
            kind=lane.direction,
            occurred_at=now,
            pass_subject=accepted.subject,
        )
        if seen is not None:
            read = replace(seen, event_id=request, occurred_at=now, pass_subject=accepted.subject)
            wire = read if lane.direction == "enter" or self._passing.is_inside(read) else wire
        answer = await self._passing.pass_(lane, wire, accepted.keep)
        if answer.decision == "open":
            lanes.gone(lane.name)
        return answer

    async def _receipt(self, lane: SiteLane, shown: CodeShown) -> Answer:
        """Let out the vehicle that waits here, if the receipt is its. Raises PassCodeRefusedError."""
        now, scanner, inside = self._clock.now(), self._passing.scanner, self._passing.inside
        who, kept = scanner.receipt(shown.text, self._passing.site.lot, now)
        waiting = self._passing.lanes.waiting(lane.name, now)
        if waiting is None or inside.who(credential_of(waiting.wire)) != who:
            raise PassCodeRefusedError(Refusal.WRONG_PURPOSE, "The receipt is for another plate than was read here")
        return await self._passing.pass_(lane, self._passing.again(waiting, shown.id), (scanner.hold(who, kept),))

    def _lane(self, name: str) -> SiteLane:
        lanes = self._passing.serves
        if name not in lanes:
            raise LaneUnknownError(f"This box serves no lane {name!r}", fix=f"It serves {', '.join(lanes) or 'none'}.")
        return lanes[name]


def _time_of(said: datetime | None, now: datetime) -> datetime:
    return said if said is not None and now - LATE <= said <= now + AHEAD else now


def _plate(raw: str) -> str:
    """Return the normal form; nothing, if a camera could read nothing. Raises GateRequestError."""
    try:
        return read_plate(raw).text if raw.strip() else ""
    except PlateError as error:
        raise GateRequestError("plate", error.message) from error


def _refused(error: PassCodeRefusedError, lane: str, now: datetime) -> Answer:
    """A code that nobody could judge is for a person; one that is bad opens nothing."""
    unsure = error.reason in (Refusal.ONLINE_ONLY, Refusal.LIST_TOO_OLD)
    decision: Literal["booth", "deny"] = "booth" if unsure else "deny"
    return Answer(decision=decision, reason=error.reason.value, lane=lane, at=now, message=error.said)
