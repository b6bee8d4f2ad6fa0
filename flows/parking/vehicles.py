"""Residents and plates: whoever claims one may pay for it; its proven owner sees where it parked meanwhile."""

from collections.abc import Sequence
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy.dialects import postgresql
from sqlmodel import col, select

from auth.accounts.merging import parts_of, whole_of
from flows.parking.credentials import credential, index_of
from flows.parking.errors import UnknownVehicleError, VehicleTakenError
from flows.parking.gathering import Deps
from flows.parking.mandates import object_of
from flows.parking.ownership import owner_of
from flows.parking.plates import read_chinese_plate
from flows.parking.vehicle_tables import Vehicle, VehicleBinding
from flows.payments.mandates import end_all_of, end_others
from kernel.audit.entries import Detail, Event, append
from kernel.clock import CHINA
from kernel.ids import uuid7


async def vehicle_of(deps: Deps, raw_plate: str) -> Vehicle:
    """Return the vehicle of a plate, made if there is none. Raises PlateError."""
    plate = read_chinese_plate(raw_plate)
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
    if not await _bindings(deps, account_id, vehicle.id):
        await deps.session.exec(postgresql.insert(VehicleBinding).values(values).on_conflict_do_nothing())
    bound = await _bound(deps, account_id, vehicle.id)
    for each in bound:
        each.plate_color = color or each.plate_color
        deps.session.add(each)
    return bound[0]


async def prove(
    deps: Deps, account_id: UUID, vehicle_id: UUID, source: str, *, actor: str = "", **details: Detail
) -> VehicleBinding:
    """Record that ``source`` vouches for an account as the plate's owner; a claim becomes ownership from now on.

    What others let be debited for it ends, or hosts would go on telling them by each debit that it was there.
    ``actor``, the account if empty, and ``details`` are for the audit log. Raises UnknownVehicleError, and
    VehicleTakenError while somebody else is: they end it, or the source says that it was sold (``end``).
    """
    vehicle = await deps.session.get_one(Vehicle, vehicle_id, with_for_update=True)
    bound = await _bound(deps, account_id, vehicle_id)
    owned = next((each for each in bound if each.proof == "owner"), None)
    if owned is None:
        if await owner_of(deps.session, vehicle.plate_index) is not None:
            raise VehicleTakenError(
                "This plate has another proven owner",
                fix="Have them end that, or the vehicle register asked, or the sale recorded at a window.",
            )
        await _until(deps, bound, now := deps.clock.now())
        owned = VehicleBinding(
            account_id=account_id, vehicle_id=vehicle_id, proof="owner", proof_source=source,
            plate_color=bound[0].plate_color, since=now,
        )  # fmt: skip
        deps.session.add(owned)
        await deps.session.flush()
    who, because = actor or f"account:{account_id}", "somebody else is proven to own the vehicle"
    await end_others(deps.session, deps.clock, account_id, object_of(vehicle_id), actor=who, because=because)
    said = details | {"account": str(account_id), "source": source}
    await _audit(deps, who, "proven", vehicle_id, said)
    return owned


async def end(
    deps: Deps,
    account_id: UUID,
    vehicle_id: UUID,
    *,
    sold_on: date | None = None,
    actor: str = "",
    **details: Detail,
) -> None:
    """End a binding, such as when the vehicle was sold, and what is debited for it. Raises UnknownVehicleError.

    With ``sold_on`` it has ended as that day began, and what was parked from then on is not theirs. ``actor`` and
    ``details`` as for ``prove``.
    """
    now = deps.clock.now()
    sold = now if sold_on is None else datetime.combine(sold_on, time(), CHINA)
    await _until(deps, await _bound(deps, account_id, vehicle_id), min(sold, now))
    who, about = actor or f"account:{account_id}", object_of(vehicle_id)
    whole = await whole_of(deps.session, account_id)
    await end_all_of(deps.session, deps.clock, whole, actor=who, because="the vehicle was given up", about=about)
    day: dict[str, Detail] = {} if sold_on is None else {"sold_on": sold_on.isoformat()}
    await _audit(deps, who, "ended", vehicle_id, details | {"account": str(account_id)} | day)


async def _bound(deps: Deps, account_id: UUID, vehicle_id: UUID) -> Sequence[VehicleBinding]:
    if not (found := await _bindings(deps, account_id, vehicle_id)):
        raise UnknownVehicleError("You have no such vehicle", fix="Add its plate first.")
    return found


async def _bindings(deps: Deps, account_id: UUID, vehicle_id: UUID) -> Sequence[VehicleBinding]:
    """Return what binds somebody to a vehicle, the owner's first: each account that is one person's may have it."""
    accounts = await parts_of(deps.session, await whole_of(deps.session, account_id))
    chosen = select(VehicleBinding).where(
        col(VehicleBinding.account_id).in_(accounts),
        VehicleBinding.vehicle_id == vehicle_id,
        col(VehicleBinding.until).is_(None),
    )
    return (await deps.session.exec(chosen.order_by(col(VehicleBinding.proof).desc()))).all()


async def _until(deps: Deps, bound: Sequence[VehicleBinding], moment: datetime) -> None:
    for each in bound:
        each.until = max(each.since, moment)
        deps.session.add(each)
    await deps.session.flush()


async def _audit(deps: Deps, actor: str, done: str, vehicle_id: UUID, details: dict[str, Detail]) -> None:
    event = Event(actor=actor, action=f"vehicle.{done}", object=f"vehicle:{vehicle_id}", details=details)
    await append(deps.session, deps.clock, event)
