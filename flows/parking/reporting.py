"""What an operator's people see in its lots, beside gates and sensors: inspectors' photos of plates in bays."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from flows.parking.event_wire import PlateColor, Short
from flows.parking.finding import bays_of
from flows.parking.gathering import Deps
from flows.parking.operating import Speaker, own_lot
from flows.parking.recording import Answer, record_in_lot, refusals
from flows.parking.refused import keep_refused
from flows.parking.terms import Lot
from flows.parking.vehicle_tables import VehicleClass
from kernel.database import driver


class LotEvent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``observed``: a plate in a bay (its id or number). ``event_id`` is the sender's own: the same again is one event.

    ``image_ref`` says where the photo is; ``confidence`` is from 0 to 1.
    """

    event_id: UUID
    kind: Literal["observed"]
    occurred_at: Annotated[datetime, Meta(tz=True)]
    plate: Short
    bay: Short
    plate_color: PlateColor = ""
    confidence: Annotated[float, Meta(ge=0, le=1)] = 1.0
    vehicle_class: VehicleClass = "small"
    image_ref: Annotated[str, Meta(max_length=500)] = ""


async def report(deps: Deps, speaker: Speaker, lot_id: UUID, events: Sequence[LotEvent]) -> list[Answer]:
    """Record what was seen in a lot of the speaker's, an answer each. Raises UnknownLotError."""
    row = await own_lot(deps, speaker, lot_id)
    lot = Lot(**{name: getattr(row, name) for name in Lot.__struct_fields__})
    bays = await bays_of(await driver(deps.session), lot.id)
    answers: dict[int, Answer] = {}
    good: list[tuple[int, bytes]] = []
    for place, event in enumerate(events):
        if event.bay not in bays:
            answers[place] = Answer(status="refused", field="bay", problem="the lot has no such bay")
            continue
        told = msgspec.to_builtins(event) | {"bay": bays[event.bay], "seq": event.event_id.int & (2**62 - 1)}
        good.append((place, msgspec.json.encode(told)))
    raw = [msgspec.json.encode(event) for event in events]
    await keep_refused(deps, speaker.actor, lot.id, refusals(raw, answers))
    recorded = await record_in_lot(deps, speaker.actor, lot, [each for _, each in good])
    answers |= {place: answer for (place, _), answer in zip(good, recorded, strict=True)}
    return [answers[place] for place in range(len(events))]
