"""Gate events are stored, and the sessions that they touch are written anew: in one transaction, in any order.

A device sends one event, or what it has kept while it was offline. What comes again is answered as the first time; what
is no event is refused with the field that is wrong, and kept for whoever mends the device (PK-07).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import update
from sqlmodel import SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.credentials import credential, index_of
from flows.parking.errors import TooManyEventsError, UnknownDeviceError
from flows.parking.event_ids import event_id_of
from flows.parking.event_wire import (
    EventRefusedError,
    KeptEvent,
    WireEvent,
    credential_of,
    gate_event,
    read_event,
    read_kept,
)
from flows.parking.exit_decision import Decision
from flows.parking.gathering import Deps, touched_by
from flows.parking.refused import Refused, keep_refused
from flows.parking.sessions import PHONE, GateEvent
from flows.parking.stored import RAW
from flows.parking.tables import Direction, ParkingLane
from flows.parking.terms import Lot
from kernel.clock import Clock
from kernel.crypto.keys import Keys
from kernel.database import driver

MOST = 500  # events of one request

_LANES = """
    SELECT l.id AS lane_id, l.name AS lane, l.direction, lot.*
    FROM parking_lane l JOIN parking_lot lot ON lot.id = l.lot_id
    WHERE (l.device_id = $1 OR l.id = $2::uuid) AND l.closed_at IS NULL
"""
_TOLD = """
    SELECT event_id, seq, decision, reason, due_fen FROM parking_event
    WHERE device_id = $1 AND (event_id = ANY($2::uuid[]) OR seq = ANY($3::bigint[]))
"""
_COLUMNS = tuple(column.name for column in SQLModel.metadata.tables["parking_event"].columns)
_INSERT = (
    f"INSERT INTO parking_event ({', '.join(_COLUMNS)})"  # noqa: S608 - names of ours
    f" VALUES ({', '.join(f'${number}' for number in range(1, len(_COLUMNS) + 1))})"
)


Status = Literal["recorded", "duplicate", "refused"]


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one event, in the order in which they came. ``field`` and ``problem`` of one that was refused."""

    event_id: str = ""
    status: Status
    decision: Decision = Decision("noted")
    session_id: str = ""
    field: str = ""
    problem: str = ""


class Lane(Struct, frozen=True):
    """Where something happened; in a bay there is no lane, and no direction counts."""

    id: UUID | None
    direction: Direction
    lot: Lot


class _Read(Struct):
    """An event that was read: where it stands in the request, its bytes, and the lane that it is of."""

    place: int
    raw: bytes
    wire: WireEvent | KeptEvent
    lane: Lane


_Reading = Callable[[bytes], tuple[WireEvent | KeptEvent, Lane]]


async def record(
    session: AsyncSession, clock: Clock, keys: Keys, device_id: str, events: Sequence[bytes]
) -> list[Answer]:
    """Record what a device sends, each event as JSON (``event_wire``).

    Raises UnknownDeviceError, TooManyEventsError; a single event that is wrong is refused in its answer.
    """
    return await _at_lanes(Deps(session, clock, keys), device_id, await lanes_of(session, device_id), events)


async def record_by_phone(deps: Deps, lane_id: UUID, event: bytes) -> Answer:
    """Record that a resident has scanned the code at a lane; one event as a device's. Raises UnknownDeviceError."""
    [answer] = await _at_lanes(deps, PHONE, await lanes_of(deps.session, PHONE, lane_id), [event])
    return answer


async def _at_lanes(deps: Deps, device_id: str, lanes: dict[str, Lane], events: Sequence[bytes]) -> list[Answer]:
    def read(raw: bytes) -> tuple[WireEvent, Lane]:
        wire = read_event(raw, deps.clock.now())
        return wire, _lane(lanes, wire)

    return await _record(deps, device_id, next(iter(lanes.values())).lot.id, events, read)


async def record_in_lot(
    deps: Deps, device_id: str, lot: Lot, events: Sequence[bytes], lanes: Mapping[str, Lane] | None = None
) -> list[Answer]:
    """Record what happened in the bays of a lot or at lanes of the device, each event as a ``KeptEvent`` in JSON.

    Raises TooManyEventsError.
    """

    def read(raw: bytes) -> tuple[KeptEvent, Lane]:
        wire = read_kept(raw, deps.clock.now())
        return wire, _lane(lanes or {}, wire) if wire.lane else Lane(None, "enter", lot)

    return await _record(deps, device_id, lot.id, events, read)


async def _record(deps: Deps, device_id: str, lot_id: UUID, events: Sequence[bytes], read: _Reading) -> list[Answer]:
    if len(events) > MOST:
        raise TooManyEventsError(f"{len(events)} events at once are too many", fix=f"Send up to {MOST} a request.")
    answers: dict[int, Answer] = {}
    reads: list[_Read] = []
    for place, raw in enumerate(events):
        try:
            reads.append(_Read(place, raw, *read(raw)))
        except EventRefusedError as error:
            answers[place] = Answer(status="refused", field=error.field, problem=error.problem)
    answers |= await _Recorder(deps, device_id).all_of(reads)
    await keep_refused(deps, device_id, lot_id, refusals(events, answers))
    return [answers[place] for place in range(len(events))]


def refusals(events: Sequence[bytes], answers: Mapping[int, Answer]) -> list[Refused]:
    """Return what of a request was refused."""
    return [Refused(events[i], each.field, each.problem) for i, each in answers.items() if each.status == "refused"]


class _Recorder:
    """One request of a device."""

    def __init__(self, deps: Deps, device_id: str) -> None:
        self.deps, self.device_id = deps, device_id

    async def all_of(self, reads: list[_Read]) -> dict[int, Answer]:
        beats = [read for read in reads if read.wire.kind == "heartbeat"]
        answers = {read.place: Answer(event_id=str(read.wire.event_id), status="recorded") for read in beats}
        if beats:
            heard = update(ParkingLane).where(col(ParkingLane.id).in_({read.lane.id for read in beats}))
            await self.deps.session.exec(heard.values(heard_at=self.deps.clock.now()))
        by_lot: dict[object, list[_Read]] = {}
        for read in reads:
            if read.wire.kind != "heartbeat":
                by_lot.setdefault(read.lane.lot.id, []).append(read)
        for _, of_lot in sorted(by_lot.items(), key=lambda item: str(item[0])):
            answers |= await self._of_lot(of_lot)
        return answers

    async def _of_lot(self, reads: list[_Read]) -> dict[int, Answer]:
        lot = reads[0].lane.lot
        answers: dict[int, Answer] = {}
        events: list[tuple[_Read, GateEvent]] = []

        async def fresh() -> list[GateEvent]:
            answers.clear()
            told, new = await self._told_before(reads)
            answers.update(told)
            events[:] = [(read, self._event(read)) for read in new]
            return [event for _, event in events]

        touched = await touched_by(self.deps, lot, _moments(reads), fresh)
        rows, decided = [], []
        for read, event in sorted(events, key=lambda each: each[1].occurred_at):
            asks = read.wire.kind == "exit" and read.wire.opened is None
            decision = await touched.decide(event) if asks else _said(read.wire)
            opened = decision.kind == "open" if asks else event.opened
            rows.append(self._row(read, event, decision, opened))
            decided.append((read, event, decision))
        await self._insert(rows)
        sessions = await touched.write()
        for read, event, decision in decided:
            answers[read.place] = _answer(read, decision, sessions.get(event.id))
        first = {answer.event_id: answer for answer in answers.values()}
        again = [read for read in reads if read.place not in answers]
        return answers | {
            read.place: msgspec.structs.replace(first[str(read.wire.event_id)], status="duplicate") for read in again
        }

    def _event(self, read: _Read) -> GateEvent:
        """Return the event; an exit that asks has not opened yet."""
        wire = read.wire
        opened = wire.opened if wire.opened is not None else wire.kind in ("enter", "manual_open")
        event_id = event_id_of(self.device_id, wire.event_id, wire.occurred_at)
        return gate_event(event_id, self.device_id, wire, read.lane.direction, opened=opened)

    async def _told_before(self, reads: list[_Read]) -> tuple[dict[int, Answer], list[_Read]]:
        """Answer what was here before this request; return the rest, each once."""
        numbers = [read.wire.event_id for read in reads], [read.wire.seq for read in reads]
        rows = await (await driver(self.deps.session)).fetch(_TOLD, self.device_id, *numbers)
        by_id = {row["event_id"]: Decision(row["decision"], row["reason"], row["due_fen"]) for row in rows}
        by_seq = {row["seq"]: row["event_id"] for row in rows}
        seen: set[UUID] = set()
        answers: dict[int, Answer] = {}
        fresh: list[_Read] = []
        for read in reads:
            wire = read.wire
            if wire.event_id in by_id:
                answers[read.place] = _answer(read, by_id[wire.event_id], None, "duplicate")
            elif by_seq.setdefault(wire.seq, wire.event_id) != wire.event_id:
                problem = f"{wire.seq} was used by the event {by_seq[wire.seq]}"
                answers[read.place] = Answer(
                    event_id=str(wire.event_id), status="refused", field="seq", problem=problem
                )
            elif wire.event_id not in seen:
                seen.add(wire.event_id)
                fresh.append(read)
        return answers, fresh

    def _row(self, read: _Read, event: GateEvent, decision: Decision, opened: bool) -> dict[str, Any]:  # noqa: FBT001 - a value
        return {
            "id": event.id,
            "device_id": self.device_id,
            "event_id": read.wire.event_id,
            "seq": event.seq,
            "lot_id": read.lane.lot.id,
            "lane_id": read.lane.id,
            "bay_id": event.bay,
            "kind": event.kind,
            "credential": index_of(self.deps.keys, event.credential) if event.credential else None,
            "occurred_at": event.occurred_at,
            "received_at": self.deps.clock.now(),
            "opened": opened,
            "decision": decision.kind,
            "reason": decision.reason,
            "due_fen": decision.due_fen,
            "paid_fen": event.paid_fen,
            "raw": self.deps.keys.cipher.seal(RAW, event.id, read.raw.decode()),
        }

    async def _insert(self, rows: list[dict[str, Any]]) -> None:
        """In one order, so that two requests with the same events do not wait for each other in a circle."""
        if rows:
            rows.sort(key=lambda row: row["event_id"])
            connection = await driver(self.deps.session)
            await connection.executemany(_INSERT, [[row[name] for name in _COLUMNS] for row in rows])


def _moments(reads: list[_Read]) -> dict[str, datetime]:
    """Return the first moment of each credential or bay."""
    moments: dict[str, datetime] = {}
    for read in reads:
        text, at = _track(read.wire), read.wire.occurred_at
        if text:
            moments[text] = min(moments.get(text, at), at)
    return moments


def _track(wire: WireEvent | KeptEvent) -> str:
    in_bay = isinstance(wire, KeptEvent) and wire.bay is not None
    return credential("bay", str(wire.bay)) if in_bay else credential_of(wire)  # type: ignore[union-attr]  # it is one


def _said(wire: WireEvent | KeptEvent) -> Decision:
    """Return the answer to what asks nothing."""
    return Decision("open", "enter") if wire.kind == "enter" and wire.opened is None else Decision("noted")


def _answer(read: _Read, decision: Decision, session_id: UUID | None, status: Status = "recorded") -> Answer:
    found = str(session_id) if session_id else ""
    return Answer(event_id=str(read.wire.event_id), status=status, decision=decision, session_id=found)


async def lanes_of(session: AsyncSession, device_id: str, lane_id: UUID | None = None) -> dict[str, Lane]:
    """Return the lanes that a device is at, by name. Raises UnknownDeviceError."""
    rows = await (await driver(session)).fetch(_LANES, device_id, lane_id)
    lanes = {row["lane"]: Lane(row["lane_id"], row["direction"], Lot.of(row)) for row in rows}
    if not lanes:
        raise UnknownDeviceError(f"The device {device_id} is at no lane", fix="Have its operator add it to a lane.")
    return lanes


def _lane(lanes: Mapping[str, Lane], wire: WireEvent | KeptEvent) -> Lane:
    if wire.lane not in lanes:
        raise EventRefusedError("lane", f"this device has no lane {wire.lane!r}")
    return lanes[wire.lane]
