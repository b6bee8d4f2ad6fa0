"""What parking holds about a resident: to read and take along (PIPL article 45), and to erase (article 47).

Erased is what says which plates an account drives and where it scanned, and what it wrote. Sessions, payments and the
decisions of disputes stay with the account, which nobody is known by any more: what operators were owed rests on them.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, update
from sqlmodel import SQLModel, col, select

from auth.accounts.merging import parts_of
from auth.residents.holdings import plain_row
from flows.parking.credentials import plate_in
from flows.parking.gathering import Deps
from flows.parking.ownership import sessions_held
from flows.parking.permitting import PLATE, permits_on
from flows.parking.session_tables import ParkingDispute, ParkingNotice, ParkingPayment, ParkingQuote, ParkingScan
from flows.parking.session_view import dispute_view
from flows.parking.stored import TEXT
from flows.parking.vehicle_tables import Vehicle, VehicleBinding

_HIDDEN = {"account_id", "credential", "words", "key"}


async def parking_held(deps: Deps, account_id: UUID) -> dict[str, Any]:
    """Return it as JSON's own types, of accounts that became part of this one too."""
    session, parts = deps.session, await parts_of(deps.session, account_id)
    bindings = select(Vehicle, VehicleBinding).where(
        VehicleBinding.vehicle_id == Vehicle.id, col(VehicleBinding.account_id).in_(parts)
    )

    async def rows_of(table: type[ParkingScan | ParkingQuote | ParkingPayment | ParkingNotice]) -> list[dict[str, Any]]:
        return _rows((await session.exec(select(table).where(col(table.account_id).in_(parts)))).all())

    vehicles = (await session.exec(bindings)).all()
    owned = [vehicle.plate_index for vehicle, binding in vehicles if binding.proof == "owner" and binding.until is None]
    disputes = select(ParkingDispute).where(col(ParkingDispute.account_id).in_(parts))
    return {
        "vehicles": [_vehicle(deps, *each) for each in vehicles],
        "permits": [
            plain_row(row, {*_HIDDEN, "plate_index", "granted_by"})
            | {"plate": deps.keys.cipher.open(PLATE, row.id, row.plate)}
            for row in await permits_on(session, owned, deps.clock.now())
        ],
        "sessions": [
            plain_row(row, {*_HIDDEN, "credential_text", "changed_in"})
            | {"plate": plate_in(deps.keys.cipher.open(TEXT, row.id, row.credential_text))}
            for row in await sessions_held(deps, account_id)
        ],
        "scans": await rows_of(ParkingScan),
        "quotes": await rows_of(ParkingQuote),
        "payments": await rows_of(ParkingPayment),
        "disputes": [
            plain_row(row, {*_HIDDEN, "decided_by"}) | {"words": dispute_view(deps, row).words}
            for row in (await session.exec(disputes)).all()
        ],
        "notices": await rows_of(ParkingNotice),
    }


async def erase_parking(deps: Deps, account_id: UUID) -> None:
    """Erase what links an account to plates and places; a plate that nobody drives any more goes, too."""
    session, parts = deps.session, await parts_of(deps.session, account_id)
    mine = col(VehicleBinding.account_id).in_(parts)
    vehicles = (await session.exec(select(VehicleBinding.vehicle_id).where(mine))).all()
    await session.exec(delete(VehicleBinding).where(mine))
    driven = exists().where(col(VehicleBinding.vehicle_id) == col(Vehicle.id))
    await session.exec(delete(Vehicle).where(col(Vehicle.id).in_(vehicles), ~driven))
    for table in (ParkingScan, ParkingQuote):
        await session.exec(delete(table).where(col(table.account_id).in_(parts)))
    await session.exec(update(ParkingDispute).where(col(ParkingDispute.account_id).in_(parts)).values(words=None))


def _vehicle(deps: Deps, vehicle: Vehicle, binding: VehicleBinding) -> dict[str, Any]:
    plate = deps.keys.cipher.open("vehicle.plate", vehicle.id, vehicle.plate)
    return plain_row(binding, {*_HIDDEN, "id", "plate_color"}) | {"plate": plate, "color": binding.plate_color}


def _rows(rows: Iterable[SQLModel]) -> list[dict[str, Any]]:
    return [plain_row(row, _HIDDEN) for row in rows]
