"""What operators see in their lots, beside gates and sensors: a plate in a bay, a car that charges."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from flows.parking.event_wire import PlateColor, SaidClass, Short
from flows.parking.finding import bays_of, session_of
from flows.parking.gathering import Deps, touched_session
from flows.parking.notices import notify
from flows.parking.operating import Speaker, own_lot
from flows.parking.recording import Answer, record_in_lot, refusals
from flows.parking.refused import keep_refused
from flows.parking.terms import Lot
from kernel.database import driver


class LotEvent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``observed``: a plate in a street's bay. ``charge_start`` and ``charge_end``: of a plate, or in a street's bay.

    ``event_id`` is the sender's own: the same again is one event. ``bay`` is an id or a number, ``image_ref`` says
    where the photo is, ``confidence`` is from 0 to 1.
    """

    event_id: UUID
    kind: Literal["observed", "charge_start", "charge_end"]
    occurred_at: Annotated[datetime, Meta(tz=True)]
    plate: Short = ""
    bay: Short = ""
    plate_color: PlateColor = ""
    confidence: Annotated[float, Meta(ge=0, le=1)] = 1.0
    vehicle_class: SaidClass = ""
    image_ref: Annotated[str, Meta(max_length=500)] = ""


async def report(deps: Deps, speaker: Speaker, lot_id: UUID, events: Sequence[LotEvent]) -> list[Answer]:
    """Record what was seen in a lot of the speaker's, an answer each. Raises UnknownLotError."""
    row = await own_lot(deps, speaker, lot_id)
    lot = Lot(**{name: getattr(row, name) for name in Lot.__struct_fields__})
    bays = await bays_of(await driver(deps.session), lot.id)
    answers: dict[int, Answer] = {}
    good: list[tuple[int, bytes]] = []
    for place, event in enumerate(events):
        wrong = _wrong(event, lot, bays)
        if wrong is not None:
            answers[place] = Answer(event_id=str(event.event_id), status="refused", field=wrong[0], problem=wrong[1])
            continue
        told = msgspec.to_builtins(event) | {"bay": bays.get(event.bay), "seq": event.event_id.int & (2**62 - 1)}
        good.append((place, msgspec.json.encode(told)))
    raw = [msgspec.json.encode(event) for event in events]
    await keep_refused(deps, speaker.actor, lot.id, refusals(raw, answers))
    recorded = await record_in_lot(deps, speaker.actor, lot, [each for _, each in good])
    answers |= {place: answer for (place, _), answer in zip(good, recorded, strict=True)}
    for place, event in enumerate(events):
        if event.kind == "charge_end" and answers[place].status == "recorded" and answers[place].session_id:
            await _charging_is_over(deps, UUID(answers[place].session_id))
    return [answers[place] for place in range(len(events))]


def _wrong(event: LotEvent, lot: Lot, bays: Mapping[str, UUID]) -> tuple[str, str] | None:
    """Return the field that is wrong, and what is wrong with it."""
    if lot.kind == "garage":
        if event.bay or event.kind == "observed":
            return "bay", "in a garage sessions are of plates: only streets have bays with sessions"
        return None if event.plate else ("plate", "without one nobody knows who charges")
    if event.bay not in bays:
        return "bay", "the lot has no such bay"
    return ("plate", "it is what was observed") if event.kind == "observed" and not event.plate else None


async def _charging_is_over(deps: Deps, session_id: UUID) -> None:
    """Tell the driver, while there is still time to go before staying costs more."""
    row = await session_of(deps.session, session_id)
    terms = (await touched_session(deps, row)).terms
    version = terms.version(row.entered_at or row.opened_at)
    electric = version.rules.tariff.electric if version else None
    if row.charging_until is None or row.left_at is not None or electric is None or electric.penalty is None:
        return
    if deps.clock.now() < row.charging_until + timedelta(minutes=electric.penalty.after_minutes):
        await notify(deps, row, "charging_over", 0)
