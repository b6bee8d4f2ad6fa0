"""Roadside events by the names of the Curb Data Specification (CDS 1.0, Events), as events of bays (``bays``).

``curb_space_id`` is a bay, by its id or number. A street's device has a lane in and a lane out, as a gate has: what
names no bay passes them, and nobody is held back. A ``scheduled_report`` that names a plate says who stands in a bay.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Meta, Struct

from flows.parking.errors import UnknownDeviceError
from flows.parking.event_wire import EventRefusedError, decoded
from flows.parking.finding import bays_of
from flows.parking.gathering import Deps
from flows.parking.recording import Answer, Lane, lanes_of, record_in_lot, refusals
from flows.parking.refused import keep_refused
from flows.parking.terms import Lot
from kernel.database import driver

EventType = Literal[
    "comms_lost", "comms_restored", "decommissioned", "park_start", "park_end", "scheduled_report", "enter_area",
    "exit_area",
]  # fmt: skip
SourceType = Literal["data_feed", "camera", "above_ground", "in_ground", "meter", "in_person", "other"]
VehicleType = Literal["bicycle", "cargo_bicycle", "car", "scooter", "moped", "motorcycle", "truck", "van", "freight",
                      "bus", "other", "unspecified"]  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = (datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)  # later ones overflow in some zones
_CLASSES = {"motorcycle": "motorcycle", "moped": "motorcycle", "truck": "large", "freight": "large", "bus": "large",
            "other": "", "unspecified": ""}  # fmt: skip
_Text = Annotated[str, Meta(max_length=64)]

_HEARD = """
    UPDATE parking_lane SET heard_at = $2, comms_lost_at = $3 WHERE device_id = $1 AND closed_at IS NULL
"""


class CdsEvent(Struct, frozen=True, kw_only=True):
    """An event. Times are milliseconds since 1970, as CDS has them; what it names beyond this is not looked at."""

    event_id: UUID
    event_type: EventType
    event_time: Annotated[int, Meta(ge=0, le=_LATEST)]
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


_decoder = msgspec.json.Decoder(CdsEvent)


class _Street(Struct, frozen=True):
    """What a device has: its lot, its lanes by direction, the bays of its lot by id and number."""

    lot: Lot
    lanes: dict[str, Lane]
    bays: dict[str, UUID]

    def wire(self, event: CdsEvent, bay: UUID | None) -> bytes:
        """Return what is kept of an event: of its bay, or else of a lane."""
        way = "enter" if event.event_type == "park_start" else "exit"
        kinds = {"park_start": "park_start", "park_end": "park_end", "scheduled_report": "observed"}
        told: dict[str, Any] = {
            "event_id": event.event_id,
            "seq": event.event_id.int & (2**62 - 1),
            "occurred_at": event.occurred_at,
            "plate": event.vehicle_license_plate,
            "vehicle_class": _CLASSES.get(event.vehicle_type, "small"),
            "opened": True,
            "cds": event,
        }
        lane = next(name for name, each in self.lanes.items() if each.direction == way)
        where = {"kind": way, "lane": lane} if bay is None else {"kind": kinds[event.event_type], "bay": bay}
        return msgspec.json.encode(told | where)


async def record_cds(deps: Deps, device_id: str, events: Sequence[bytes]) -> list[Answer]:
    """Record what a street's device sends, an answer each. Raises UnknownDeviceError, TooManyEventsError."""
    connection = await driver(deps.session)
    street = await _street(deps, device_id)
    answers: dict[int, Answer] = {}
    told: list[tuple[int, bytes]] = []
    for place, raw in enumerate(events):
        try:
            event = decoded(_decoder, raw)
            bay = _bay(street, event)
        except EventRefusedError as error:
            answers[place] = Answer(status="refused", field=error.field, problem=error.problem)
            continue
        seen = event.event_type == "scheduled_report" and bay is not None and event.vehicle_license_plate
        if seen or event.event_type in ("park_start", "park_end"):
            told.append((place, street.wire(event, bay)))
        else:
            answers[place] = await _noted(deps, connection, device_id, event)
    await keep_refused(deps, device_id, street.lot.id, refusals(events, answers))
    wires = [wire for _, wire in told]
    recorded = await record_in_lot(deps, device_id, street.lot, wires, street.lanes)
    answers |= {place: answer for (place, _), answer in zip(told, recorded, strict=True)}
    return [answers[place] for place in range(len(events))]


def _bay(street: _Street, event: CdsEvent) -> UUID | None:
    if not event.curb_space_id or street.lot.kind == "garage":  # where sessions are of plates
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


async def _street(deps: Deps, device_id: str) -> _Street:
    lanes = await lanes_of(deps.session, device_id)
    if {each.direction for each in lanes.values()} != {"enter", "exit"}:
        raise UnknownDeviceError(
            f"The device {device_id} has no lane in and lane out", fix="Have its operator add both."
        )
    lot = next(iter(lanes.values())).lot
    return _Street(lot, lanes, await bays_of(await driver(deps.session), lot.id))
