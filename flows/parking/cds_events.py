"""Roadside events by the names of the Curb Data Specification (CDS 1.0, Events), as events of a lane.

A street's device has a lane in and a lane out, as a gate has; ``park_start`` and ``park_end`` pass them, and nobody is
held back. ``curb_space_id`` is a bay, by its id or number. A bay is taken or free as its latest event says.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Meta, Struct

from flows.parking.errors import UnknownDeviceError
from flows.parking.event_wire import EventRefusedError, field_and_problem
from flows.parking.gathering import Deps
from flows.parking.recording import Answer, keep_refused, record
from flows.parking.stored import RAW
from kernel.database import driver

EventType = Literal[
    "comms_lost", "comms_restored", "decommissioned", "park_start", "park_end", "scheduled_report", "enter_area",
    "exit_area",
]  # fmt: skip
SourceType = Literal["data_feed", "camera", "above_ground", "in_ground", "meter", "in_person", "other"]
VehicleType = Literal["bicycle", "cargo_bicycle", "car", "scooter", "moped", "motorcycle", "truck", "van", "freight",
                      "bus", "other", "unspecified"]  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLASSES = {"motorcycle": "motorcycle", "moped": "motorcycle", "truck": "large", "freight": "large", "bus": "large"}
_Text = Annotated[str, Meta(max_length=64)]

_LANES = """
    SELECT name, direction, lot_id FROM parking_lane WHERE device_id = $1 AND closed_at IS NULL ORDER BY name
"""
_BAYS = "SELECT id, number FROM parking_bay WHERE lot_id = $1 AND closed_at IS NULL"
_HEARD = """
    UPDATE parking_lane SET heard_at = $2, comms_lost_at = $3 WHERE device_id = $1 AND closed_at IS NULL
"""
_LAST_IN = """
    SELECT id, raw FROM parking_event WHERE lot_id = $1 AND bay_id = $2 AND occurred_at <= $3 AND kind = 'enter'
    ORDER BY occurred_at DESC LIMIT 1
"""
_PLACE = "UPDATE parking_event SET bay_id = $3 WHERE device_id = $1 AND event_id = $2"
_TAKEN = """
    UPDATE parking_bay SET occupied_since = (
        SELECT CASE WHEN e.kind = 'enter' THEN e.occurred_at END FROM parking_event e
        WHERE e.bay_id = parking_bay.id ORDER BY e.occurred_at DESC, e.seq DESC LIMIT 1)
    WHERE id = ANY($1::uuid[])
"""


class CdsEvent(Struct, frozen=True, kw_only=True):
    """An event. Times are milliseconds since 1970, as CDS has them; what it names beyond this is not looked at."""

    event_id: UUID
    event_type: EventType
    event_time: Annotated[int, Meta(ge=0, le=2**53)]
    curb_space_id: _Text = ""
    curb_zone_id: _Text = ""
    event_session_id: _Text = ""
    data_source_type: SourceType = "other"
    data_source_device_id: _Text = ""
    vehicle_license_plate: _Text = ""
    vehicle_type: VehicleType = "unspecified"

    @property
    def occurred_at(self) -> datetime:
        return _EPOCH + timedelta(milliseconds=self.event_time)


class _Street:
    """What a device has: its lanes by direction, the bays of its lot by id and number, and who is where."""

    def __init__(self, lot_id: UUID, lanes: dict[str, str], bays: dict[str, UUID]) -> None:
        self.lot_id, self.lanes, self.bays = lot_id, lanes, bays
        self._plates: dict[UUID, str] = {}

    async def wire(self, deps: Deps, event: CdsEvent, bay: UUID | None) -> bytes:
        """Return the event of a lane that one is. Sensors in the ground read no plate: who came last is who leaves."""
        starts, plate = event.event_type == "park_start", event.vehicle_license_plate
        if bay is not None and starts:
            self._plates[bay] = plate
        elif bay is not None and not plate:
            plate = await self._plate_in(deps, event, bay)
        told: dict[str, Any] = {
            "event_id": event.event_id,
            "seq": event.event_id.int & (2**62 - 1),
            "lane": self.lanes["enter" if starts else "exit"],
            "kind": "enter" if starts else "exit",
            "occurred_at": event.occurred_at,
            "plate": plate,
            "vehicle_class": _CLASSES.get(event.vehicle_type, "small"),
            "opened": True,
            "cds": event,
        }
        return msgspec.json.encode(told)

    async def _plate_in(self, deps: Deps, event: CdsEvent, bay: UUID) -> str:
        if bay not in self._plates:
            connection = await driver(deps.session)
            row = await connection.fetchrow(_LAST_IN, self.lot_id, bay, event.occurred_at)
            told = msgspec.json.decode(deps.keys.cipher.open(RAW, row["id"], row["raw"])) if row else {}
            self._plates[bay] = told.get("plate", "")
        return self._plates[bay]


async def record_cds(deps: Deps, device_id: str, events: Sequence[bytes]) -> list[Answer]:
    """Record what a street's device sends, an answer each. Raises UnknownDeviceError, TooManyEventsError."""
    connection = await driver(deps.session)
    street = await _street(connection, device_id)
    answers: dict[int, Answer] = {}
    parked: list[tuple[int, CdsEvent, UUID | None]] = []
    for place, raw in enumerate(events):
        try:
            event = _read(raw)
            bay = _bay(street, event)
        except EventRefusedError as error:
            answers[place] = Answer(status="refused", field=error.field, problem=error.problem)
            continue
        if event.event_type in ("park_start", "park_end"):
            parked.append((place, event, bay))
        else:
            answers[place] = await _noted(deps, connection, device_id, event)
    parked.sort(key=lambda each: each[1].event_time)
    await keep_refused(deps, device_id, [(events[i], each) for i, each in answers.items() if each.status == "refused"])
    wires = [await street.wire(deps, event, bay) for _, event, bay in parked]
    told = await record(deps.session, deps.clock, deps.keys, device_id, wires)
    for (place, event, bay), answer in zip(parked, told, strict=True):
        answers[place] = answer
        if bay is not None and answer.status == "recorded":
            await connection.execute(_PLACE, device_id, event.event_id, bay)
    await connection.execute(_TAKEN, [bay for _, _, bay in parked if bay is not None])
    return [answers[place] for place in range(len(events))]


def _read(raw: bytes) -> CdsEvent:
    try:
        return msgspec.json.decode(raw, type=CdsEvent)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EventRefusedError(*field_and_problem(str(error))) from None


def _bay(street: _Street, event: CdsEvent) -> UUID | None:
    if not event.curb_space_id:
        return None
    if event.curb_space_id not in street.bays:
        raise EventRefusedError("curb_space_id", "the street has no such bay")
    return street.bays[event.curb_space_id]


async def _noted(
    deps: Deps, connection: "asyncpg.Connection[asyncpg.Record]", device_id: str, event: CdsEvent
) -> Answer:
    lost = event.event_type in ("comms_lost", "decommissioned")
    await connection.execute(_HEARD, device_id, deps.clock.now(), event.occurred_at if lost else None)
    return Answer(event_id=str(event.event_id), status="recorded")


async def _street(connection: "asyncpg.Connection[asyncpg.Record]", device_id: str) -> _Street:
    rows = await connection.fetch(_LANES, device_id)
    lanes = {row["direction"]: row["name"] for row in rows}
    if lanes.keys() != {"enter", "exit"}:
        raise UnknownDeviceError(
            f"The device {device_id} has no lane in and lane out", fix="Have its operator add both."
        )
    bays = await connection.fetch(_BAYS, rows[0]["lot_id"])
    named = {str(row["id"]): row["id"] for row in bays} | {row["number"]: row["id"] for row in bays}
    return _Street(rows[0]["lot_id"], lanes, named)
