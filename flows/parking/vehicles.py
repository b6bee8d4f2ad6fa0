"""Residents and plates: whoever claims one may pay for it; its proven owner sees where it parked meanwhile."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.dialects import postgresql
from sqlmodel import col, select

from auth.accounts.merging import parts_of
from flows.parking.credentials import credential, index_of
from flows.parking.errors import PlateError, UnknownVehicleError, VehicleTakenError
from flows.parking.gathering import Deps
from flows.parking.mandates import object_of
from flows.parking.ownership import owner_of
from flows.parking.plates import read_plate
from flows.parking.vehicle_tables import Vehicle, VehicleBinding
from flows.payments.mandates import end_all_of
from kernel.audit.entries import Event, append
from kernel.ids import uuid7


async def vehicle_of(deps: Deps, raw_plate: str) -> Vehicle:
    """Return the vehicle of a plate, made if there is none. Raises PlateError."""
    plate = read_plate(raw_plate)
    if plate.kind == "other":
        raise PlateError("This is no plate of China", fix="Write a province, a letter and five or six signs.")
    index = index_of(deps.keys, credential("plate", plate.text))
    made = uuid7()
    values = {
        "id": made,
        "plate": deps.keys.cipher.seal("vehicle.plate", made, plate.text),
        "plate_index": index,
        "plate_kind": plate.kind,
        "electric": plate.kind == "new_energy",
        "created_at": deps.clock.now(),
    }
    await deps.session.exec(postgresql.insert(Vehicle).values(values).on_conflict_do_nothing())
    return (await deps.session.exec(select(Vehicle).where(Vehicle.plate_index == index))).one()


async def claim(deps: Deps, account_id: UUID, raw_plate: str, color: str = "") -> VehicleBinding:
    """Bind a plate to an account that says it drives it: it may pay for it. ``color`` corrects what it said before.

    Raises PlateError.
    """
    vehicle = await vehicle_of(deps, raw_plate)
    values = {
        "id": uuid7(),
        "account_id": account_id,
        "vehicle_id": vehicle.id,
        "proof": "claimed",
        "proof_source": "",
        "plate_color": color,
        "since": deps.clock.now(),
    }
    if not await _live(deps, account_id, vehicle.id):
        await deps.session.exec(postgresql.insert(VehicleBinding).values(values).on_conflict_do_nothing())
    bindings = await _bindings(deps, account_id, vehicle.id)
    for each in bindings:
        each.plate_color = color or each.plate_color
        deps.session.add(each)
    return bindings[0]


async def prove(deps: Deps, account_id: UUID, vehicle_id: UUID, source: str) -> VehicleBinding:
    """Record that ``source`` vouches for an account as the plate's owner; a claim becomes ownership from now on.

    Raises VehicleTakenError while somebody else is: they end it, or the source says that it was sold (``end``).
    """
    claimed, *_ = await _bindings(deps, account_id, vehicle_id)
    if claimed.proof == "owner":
        return claimed
    vehicle = await deps.session.get_one(Vehicle, vehicle_id, with_for_update=True)
    if await owner_of(deps.session, vehicle.plate_index) is not None:
        raise VehicleTakenError("This plate has another proven owner", fix="Have its owner end that first.")
    now = deps.clock.now()
    claimed.until = now
    deps.session.add(claimed)
    await deps.session.flush()
    owned = VehicleBinding(
        account_id=account_id, vehicle_id=vehicle_id, proof="owner", proof_source=source,
        plate_color=claimed.plate_color, since=now,
    )  # fmt: skip
    deps.session.add(owned)
    await deps.session.flush()
    await _audit(deps, account_id, vehicle_id, "proven")
    return owned


async def end(deps: Deps, account_id: UUID, vehicle_id: UUID) -> None:
    """End a binding, such as when the vehicle was sold, and what is debited for it. Raises UnknownVehicleError."""
    for binding in await _bindings(deps, account_id, vehicle_id):
        binding.until = deps.clock.now()
        deps.session.add(binding)
    await deps.session.flush()
    actor, about = f"account:{account_id}", object_of(vehicle_id)
    await end_all_of(deps.session, deps.clock, account_id, actor=actor, because="the vehicle was given up", about=about)
    await _audit(deps, account_id, vehicle_id, "ended")


async def _bindings(deps: Deps, account_id: UUID, vehicle_id: UUID) -> Sequence[VehicleBinding]:
    """Return an account's bindings to a vehicle, the proven one first. Raises UnknownVehicleError if it has none."""
    found = await _live(deps, account_id, vehicle_id)
    if not found:
        raise UnknownVehicleError("You have no such vehicle", fix="Add its plate first.")
    return found


async def _live(deps: Deps, account_id: UUID, vehicle_id: UUID) -> Sequence[VehicleBinding]:
    chosen = select(VehicleBinding).where(
        col(VehicleBinding.account_id).in_(await parts_of(deps.session, account_id)),
        VehicleBinding.vehicle_id == vehicle_id,
        col(VehicleBinding.until).is_(None),
    )
    chosen = chosen.order_by(col(VehicleBinding.proof).desc(), col(VehicleBinding.id))
    return (await deps.session.exec(chosen)).all()


async def _audit(deps: Deps, account_id: UUID, vehicle_id: UUID, done: str) -> None:
    event = Event(actor=f"account:{account_id}", action=f"vehicle.{done}", object=f"vehicle:{vehicle_id}")
    await append(deps.session, deps.clock, event)
