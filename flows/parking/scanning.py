"""A resident scans a code of a lot: to enter, to leave, or to find the session of a vehicle that a camera has seen.

The sticker's reference says what it is of: ``gate:<lane>``, ``lot:<lot>``, ``bay:<bay>``. A phone's scan is an event
like a camera's; both within two minutes are one passage.
"""

from typing import Any
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct
from sqlalchemy import update
from sqlalchemy.dialects import postgresql
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from flows.codes.places import Standing
from flows.parking.errors import ScanRefusedError, UnknownSessionError
from flows.parking.exit_decision import Decision
from flows.parking.finding import IS_INSIDE
from flows.parking.gathering import Deps
from flows.parking.ownership import color_said, refuse_others, vehicle_held
from flows.parking.recording import record_by_phone, record_in_lot
from flows.parking.session_tables import ParkingScan, ParkingSession, ScanAct
from flows.parking.sessions import PHONE
from flows.parking.tables import Direction, ParkingBay, ParkingLane, ParkingLot
from flows.parking.terms import lot_of
from flows.parking.vehicle_tables import Vehicle
from kernel.database import driver
from kernel.ids import uuid7

_SEQUENCE = (1 << 63) - 1
_ACTS_WITHIN = 300
"""Metres from its sticker within which a phone may enter and leave: beyond twice what a position errs by, it is not
there. Finding only warns (``is_far``)."""


class Scanner(Struct, frozen=True):
    """Who scans, with which vehicle, and the app's key by which it is one scan however often it is sent."""

    account_id: UUID
    vehicle_id: UUID
    key: str


class Place(Struct, frozen=True):
    """What a scanned code is of. ``lane`` is of a gate's code, ``bay`` of a bay's; it is ``metres`` away."""

    lot: ParkingLot
    lane: ParkingLane | None = None
    bay: ParkingBay | None = None
    metres: int | None = None


async def place_of(deps: Deps, found: Standing) -> Place:
    """Return what of parking a scan has found. Raises ScanRefusedError."""
    if found.row is None or found.answer != "valid":
        problem = "This sticker was replaced" if found.answer == "retired" else "This code is not the city's"
        raise ScanRefusedError(problem, fix="Look for another one, and report this one.")
    kind, _, name = found.row.reference.partition(":")
    lane = bay = None
    try:
        lot_id = object_id = UUID(name)
    except ValueError:
        raise _not_here() from None
    if kind == "gate":
        lane = await deps.session.get(ParkingLane, object_id)
    elif kind == "bay":
        bay = await deps.session.get(ParkingBay, object_id)
    if (standing := lane or bay) is not None:
        lot_id = standing.lot_id
    lot = await deps.session.get(ParkingLot, lot_id)
    if lot is None or (kind == "gate" and (lane is None or lane.closed_at)):
        raise _not_here()
    return Place(lot, lane, bay, found.metres)


async def enter(deps: Deps, place: Place, scanner: Scanner) -> ParkingSession:
    """Begin a session at a gate in, or say whose vehicle stands in a street's bay.

    If the vehicle is inside already it is that session, for a second scan is no entry. Raises ScanRefusedError,
    UnknownVehicleError, VehicleTakenError.
    """
    _refuse_far(place)
    in_street = place.bay is not None and place.lot.kind == "roadside"
    lane = None if in_street else _lane(place, "enter")
    vehicle = await _vehicle(deps, scanner)
    inside = await _inside(deps, place, vehicle)
    await _note(deps, place, vehicle, scanner, "find" if inside else "enter")
    if inside is not None:
        return inside
    if lane is None:
        lot = await lot_of(await driver(deps.session), place.lot.id)
        await record_in_lot(deps, PHONE, lot, [await _in_bay(deps, place, vehicle, scanner)])
    else:
        await record_by_phone(deps, lane.id, await _event(deps, lane, vehicle, scanner))
    entered = await _last(deps, place, vehicle)
    if entered is None:  # the same scan again, after the vehicle has left
        raise ScanRefusedError("This scan has been used for a stay that is over", fix="Scan the gate again.")
    return entered


async def leave(deps: Deps, place: Place, scanner: Scanner) -> tuple[Decision, ParkingSession]:
    """Ask at a gate out: the decision, and the session as it stands then; asked anew it may be another one.

    Raises ScanRefusedError, UnknownVehicleError, VehicleTakenError, UnknownSessionError.
    """
    _refuse_far(place)
    lane, vehicle = _lane(place, "exit"), await _vehicle(deps, scanner)
    inside = await _seen(deps, place, vehicle, scanner)
    await _note(deps, place, vehicle, scanner, "find")
    answer = await record_by_phone(deps, lane.id, await _event(deps, lane, vehicle, scanner))
    if answer.decision.kind == "open":
        scan = update(ParkingScan).where(
            col(ParkingScan.account_id) == scanner.account_id, col(ParkingScan.key) == scanner.key
        )
        await deps.session.exec(scan.values(act="leave"))
    await deps.session.refresh(inside)
    return answer.decision, inside


async def find(deps: Deps, place: Place, scanner: Scanner) -> ParkingSession:
    """Return the session of a vehicle that is in the lot: who stands there may see and pay it.

    Raises UnknownVehicleError, VehicleTakenError, UnknownSessionError.
    """
    vehicle = await _vehicle(deps, scanner)
    inside = await _seen(deps, place, vehicle, scanner)
    await _note(deps, place, vehicle, scanner, "find")
    return inside


async def _vehicle(deps: Deps, scanner: Scanner) -> Vehicle:
    """Return the vehicle that is scanned with, unless somebody else answers for it."""
    vehicle = await vehicle_held(deps, scanner.account_id, scanner.vehicle_id)
    await refuse_others(deps, scanner.account_id, vehicle)
    return vehicle


async def _seen(deps: Deps, place: Place, vehicle: Vehicle, scanner: Scanner) -> ParkingSession:
    seen = await _last(deps, place, vehicle) or await _told_before(deps, place, vehicle, scanner)
    if seen is None:
        raise UnknownSessionError("This vehicle was not seen to enter here", fix="Compare the plate, or ask the lot.")
    return seen


async def _last(deps: Deps, place: Place, vehicle: Vehicle) -> ParkingSession | None:
    """Return the vehicle's last session unless it has left: one that was closed because no exit came may go on."""
    last = (await deps.session.exec(_sessions(place, vehicle).execution_options(populate_existing=True))).first()
    return last if last is not None and last.left_at is None and last.state != "orphan" else None


async def _inside(deps: Deps, place: Place, vehicle: Vehicle) -> ParkingSession | None:
    chosen = _sessions(place, vehicle).where(IS_INSIDE)
    return (await deps.session.exec(chosen.execution_options(populate_existing=True))).first()


async def _told_before(deps: Deps, place: Place, vehicle: Vehicle, scanner: Scanner) -> ParkingSession | None:
    """Return the session of a scan that is sent again after its vehicle has left."""
    scan = await _scan(deps, scanner)
    if scan is None:
        return None
    return (await deps.session.exec(_sessions(place, vehicle).where(col(ParkingSession.left_at) >= scan.at))).first()


def _sessions(place: Place, vehicle: Vehicle) -> SelectOfScalar[ParkingSession]:
    chosen = select(ParkingSession).where(
        ParkingSession.lot_id == place.lot.id,
        ParkingSession.credential == vehicle.plate_index,
        col(ParkingSession.superseded_by).is_(None),
    )
    return chosen.order_by(col(ParkingSession.opened_at).desc())


async def _note(deps: Deps, place: Place, vehicle: Vehicle, scanner: Scanner, act: ScanAct) -> None:
    values = {
        "id": uuid7(),
        "account_id": scanner.account_id,
        "key": scanner.key,
        "act": act,
        "lot_id": place.lot.id,
        "credential": vehicle.plate_index,
        "at": deps.clock.now(),
    }
    await deps.session.exec(postgresql.insert(ParkingScan).values(values).on_conflict_do_nothing())
    noted = await _scan(deps, scanner)
    if noted is not None and (noted.lot_id, noted.credential) != (place.lot.id, vehicle.plate_index):
        raise ScanRefusedError("This key came with another vehicle or car park before", fix="Make a new key.")


async def _scan(deps: Deps, scanner: Scanner) -> ParkingScan | None:
    chosen = select(ParkingScan).where(ParkingScan.account_id == scanner.account_id, ParkingScan.key == scanner.key)
    return (await deps.session.exec(chosen)).first()


async def _event(deps: Deps, lane: ParkingLane, vehicle: Vehicle, scanner: Scanner) -> bytes:
    """Return the event of a scan; its id follows from the app's key, so that it is recorded once."""
    return await _told(deps, vehicle, scanner, {"kind": lane.direction, "lane": lane.name})


async def _in_bay(deps: Deps, place: Place, vehicle: Vehicle, scanner: Scanner) -> bytes:
    return await _told(deps, vehicle, scanner, {"kind": "observed", "bay": place.bay and place.bay.id})


async def _told(deps: Deps, vehicle: Vehicle, scanner: Scanner, what: dict[str, Any]) -> bytes:
    color = await color_said(deps, scanner.account_id, vehicle.plate_index)
    event_id = uuid5(scanner.account_id, f"{what['kind']}:{scanner.key}")
    told = {
        "event_id": event_id,
        "seq": event_id.int & _SEQUENCE,
        "occurred_at": deps.clock.now(),
        "plate": deps.keys.cipher.open("vehicle.plate", vehicle.id, vehicle.plate),
        "plate_color": color,
        "vehicle_class": "large" if color == "yellow" else "small",
    }
    return msgspec.json.encode(told | what)


def _lane(place: Place, direction: Direction) -> ParkingLane:
    if place.lane is None or place.lane.direction != direction:
        way = "in" if direction == "enter" else "out"
        raise ScanRefusedError(f"This is no code of a gate {way}", fix=f"Scan the one at the gate {way}.")
    return place.lane


def _refuse_far(place: Place) -> None:
    if place.metres is not None and place.metres > _ACTS_WITHIN:
        raise ScanRefusedError(f"You are {place.metres} m away from this gate", fix="Scan the sticker where you are.")


def _not_here() -> ScanRefusedError:
    return ScanRefusedError("This code is of no car park", fix="Scan the one at the gate, the lot or the bay.")
