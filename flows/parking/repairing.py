"""A plate that was read wrong is put right by a person: its events count for the right one, and sessions follow anew.

The event keeps what was read (``read_as``) beside what is right; nothing is deleted.
"""

from uuid import UUID

import msgspec
from sqlalchemy import update
from sqlmodel import col, select

from flows.parking.bays import visits_of
from flows.parking.credentials import bay_in, credential, index_of
from flows.parking.errors import ActRefusedError
from flows.parking.finding import session_of
from flows.parking.gathering import Deps, touched_by, track_of
from flows.parking.operating import Speaker, own_session
from flows.parking.plates import read_plate
from flows.parking.session_tables import ParkingEvent, ParkingSession
from flows.parking.sessions import GateEvent
from flows.parking.stored import RAW, TEXT, stored
from flows.parking.terms import lot_of
from kernel.audit.entries import Event, append
from kernel.database import driver


async def repair(deps: Deps, speaker: Speaker, session_id: UUID, plate: str) -> ParkingSession:
    """Say which plate a session's events are of; return the session that has them now.

    Raises PlateError, UnknownSessionError, ActRefusedError.
    """
    row = await own_session(deps, speaker, session_id)
    right = credential("plate", read_plate(plate).text)
    wrong = deps.keys.cipher.open(TEXT, row.id, row.credential_text)
    if bay_in(wrong):
        raise ActRefusedError("Nobody has read a plate yet", fix="Say who was seen there, as an event of the lot.")
    if right == wrong:
        raise ActRefusedError("The session has this plate already", fix="Give the plate that is right.")

    async def corrected() -> list[GateEvent]:
        await _correct(deps, row, wrong, right)
        return []

    tracks = [track_of(deps, row)] if row.bay_id else [wrong, right]
    lot = await lot_of(await driver(deps.session), row.lot_id)
    touched = await touched_by(deps, lot, dict.fromkeys(tracks, row.opened_at), corrected)
    of_event = await touched.write()
    found = await session_of(deps.session, of_event[row.id])
    event = Event(
        actor=speaker.actor,
        action="parking_session.plate_repaired",
        object=f"parking_session:{found.id}",
        details={"was": str(row.id)},
    )
    await append(deps.session, deps.clock, event)
    return found


async def _correct(deps: Deps, row: ParkingSession, wrong: str, right: str) -> None:
    """Correct a session's own events, with all locks held. Raises ActRefusedError if they are others' meanwhile."""
    cipher, index = deps.keys.cipher, index_of(deps.keys, wrong)
    plates, bays = ({}, {row.bay_id: row.opened_at}) if row.bay_id else ({index: row.opened_at}, {})
    told = await stored(await driver(deps.session), cipher, row.lot_id, plates, bays)
    visit = next((each for each in visits_of(told.events) if row.id in each.events), None)
    if visit is None:
        raise ActRefusedError("The session has changed meanwhile", fix="Look how it stands now.")
    chosen = select(ParkingEvent).where(col(ParkingEvent.id).in_(visit.events), ParkingEvent.credential == index)
    for event in (await deps.session.exec(chosen.execution_options(populate_existing=True))).all():
        told = msgspec.json.decode(cipher.open(RAW, event.id, event.raw))
        told["read_as"] = told.get("read_as", told.get("plate", ""))
        told["plate"] = right.removeprefix("plate:")
        sealed = cipher.seal(RAW, event.id, msgspec.json.encode(told).decode())
        renewed = update(ParkingEvent).where(col(ParkingEvent.id) == event.id)
        await deps.session.exec(renewed.values(credential=index_of(deps.keys, right), raw=sealed))
