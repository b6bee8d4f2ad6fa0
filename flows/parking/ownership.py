"""Whose a vehicle or a session is: the one answer for everything that residents ask of parking.

A session is a resident's if they were its plate's proven owner when it began, if their scan began or ended it, or if
they paid for it themselves. Who only found it by a scan sees it while it is inside or owes something, to pay for it.
Whom a mandate debited for it may dispute it. A claim of a plate alone shows nothing: anybody can claim one.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import parts_of
from flows.parking.errors import UnknownSessionError, UnknownVehicleError, VehicleTakenError
from flows.parking.finding import session_of
from flows.parking.gathering import Deps
from flows.parking.mandates import object_of
from flows.parking.session_tables import ParkingSession
from flows.parking.vehicle_tables import Vehicle, VehicleBinding
from flows.payments.mandates import standing_for
from kernel.database import driver

# A gate may see the vehicle up to two minutes after the phone has scanned (``sessions``: a plate read again).
_HELD = """
    SELECT s.id FROM vehicle_binding b JOIN vehicle v ON v.id = b.vehicle_id
        JOIN parking_session s ON s.credential = v.plate_index AND s.opened_at >= b.since
    WHERE b.account_id = ANY($1::uuid[]) AND b.proof = 'owner' AND (b.until IS NULL OR s.opened_at < b.until)
        AND s.superseded_by IS NULL
    UNION ALL
    SELECT s.id FROM parking_scan c
        JOIN parking_session s ON s.lot_id = c.lot_id AND s.credential = c.credential
            AND s.opened_at <= c.at + interval '2 minutes' AND (s.left_at IS NULL OR s.left_at >= c.at)
    WHERE c.account_id = ANY($1::uuid[]) AND s.superseded_by IS NULL AND (
        c.act <> 'find' OR s.left_at IS NULL
        OR s.written_off_at IS NULL AND coalesce(s.adjusted_fen, s.closing_fen) > s.paid_fen
    )
    UNION ALL
    SELECT coalesce(s.superseded_by, s.id) FROM parking_payment p JOIN parking_session s ON s.id = p.session_id
    WHERE p.account_id = ANY($1::uuid[]) AND p.paid_at IS NOT NULL AND p.kind <> 'debit'
"""
_DEBITED = """
    SELECT EXISTS (
        SELECT 1 FROM parking_payment p JOIN parking_session s ON s.id = p.session_id
        WHERE p.account_id = ANY($1::uuid[]) AND p.kind = 'debit' AND $2 IN (s.id, s.superseded_by)
    )
"""
_PAYER = """
    SELECT account_id FROM parking_payment
    WHERE session_id = ANY($1::uuid || ARRAY(SELECT o.id FROM parking_session o WHERE o.superseded_by = $1))
        AND account_id IS NOT NULL AND (paid_at IS NOT NULL OR kind = 'debit')
    ORDER BY order_id DESC LIMIT 1
"""
# A scan is of the last session that had begun.
_SCANNER = """
    SELECT c.account_id FROM parking_scan c
    WHERE (c.lot_id, c.credential) = ($2, $3) AND c.act <> 'find' AND $1 = (
        SELECT s.id FROM parking_session s
        WHERE (s.lot_id, s.credential) = (c.lot_id, c.credential) AND s.superseded_by IS NULL
            AND s.opened_at <= c.at + interval '2 minutes'
        ORDER BY s.opened_at DESC LIMIT 1
    )
    ORDER BY c.at LIMIT 1
"""
_ONE = f"SELECT EXISTS (SELECT 1 FROM ({_HELD}) held WHERE id = $2)"  # noqa: S608 - a text of ours
_LISTED = f"""
    SELECT DISTINCT id FROM ({_HELD}) held WHERE $2::uuid IS NULL OR id < $2 ORDER BY id DESC LIMIT $3
"""  # noqa: S608 - a text of ours


async def session_held(deps: Deps, account_id: UUID, session_id: UUID) -> ParkingSession:
    """Return a session that is the account's. Raises UnknownSessionError, also for one that is not."""
    return await _answering(deps, account_id, session_id, _ONE)


async def session_disputable(deps: Deps, account_id: UUID, session_id: UUID) -> ParkingSession:
    """Return a session that is the account's, or that it was debited for. Raises UnknownSessionError."""
    return await _answering(deps, account_id, session_id, _ONE, _DEBITED)


async def shows(deps: Deps, account_id: UUID, row: ParkingSession) -> bool:
    """Whether a session is the account's, which so may learn when it was."""
    accounts = list(await parts_of(deps.session, account_id))
    return bool(await (await driver(deps.session)).fetchval(_ONE, accounts, row.id))


async def _answering(deps: Deps, account_id: UUID, session_id: UUID, *queries: str) -> ParkingSession:
    row = await session_of(deps.session, session_id)
    accounts, connection = list(await parts_of(deps.session, account_id)), await driver(deps.session)
    for query in queries:
        if await connection.fetchval(query, accounts, row.id):
            return row
    raise UnknownSessionError("There is no such parking session", fix="Compare its id.")


async def sessions_held(
    deps: Deps, account_id: UUID, first: int | None = None, after: UUID | None = None
) -> Sequence[ParkingSession]:
    """Return the account's sessions, the latest first, beginning after one of them; ``first`` None: all."""
    accounts = list(await parts_of(deps.session, account_id))
    ids = [row["id"] for row in await (await driver(deps.session)).fetch(_LISTED, accounts, after, first)]
    chosen = select(ParkingSession).where(col(ParkingSession.id).in_(ids)).order_by(col(ParkingSession.id).desc())
    return (await deps.session.exec(chosen)).all()


async def owner_of(session: AsyncSession, plate_index: bytes) -> UUID | None:
    """Return the account that is proven to own a plate now."""
    chosen = select(VehicleBinding.account_id).join(Vehicle, col(Vehicle.id) == col(VehicleBinding.vehicle_id))
    chosen = chosen.where(
        Vehicle.plate_index == plate_index, VehicleBinding.proof == "owner", col(VehicleBinding.until).is_(None)
    )
    return (await session.exec(chosen)).first()


async def told_of(session: AsyncSession, row: ParkingSession) -> UUID | None:
    """Return who is told of a session: its payer by hand or mandate, else the plate's owner, else who scanned it."""
    connection = await driver(session)
    payer: UUID | None = await connection.fetchval(_PAYER, row.id)
    whom = payer or await owner_of(session, row.credential)
    return whom or await connection.fetchval(_SCANNER, row.id, row.lot_id, row.credential)


async def vehicles_held(deps: Deps, account_id: UUID) -> Sequence[tuple[Vehicle, VehicleBinding]]:
    """Return the account's vehicles."""
    accounts = await parts_of(deps.session, account_id)
    chosen = select(Vehicle, VehicleBinding).where(
        VehicleBinding.vehicle_id == Vehicle.id,
        col(VehicleBinding.account_id).in_(accounts),
        col(VehicleBinding.until).is_(None),
    )
    return (await deps.session.exec(chosen.order_by(col(VehicleBinding.id)))).all()


async def vehicle_held(deps: Deps, account_id: UUID, vehicle_id: UUID) -> Vehicle:
    """Return a vehicle of the account's. Raises UnknownVehicleError."""
    for vehicle, _ in await vehicles_held(deps, account_id):
        if vehicle.id == vehicle_id:
            return vehicle
    raise UnknownVehicleError("You have no such vehicle", fix="Add its plate first.")


async def color_said(deps: Deps, account_id: UUID, plate_index: bytes) -> str:
    """Return the colour that an account says its plate has, or empty. What strangers say of it is not heard."""
    held = [binding for vehicle, binding in await vehicles_held(deps, account_id) if vehicle.plate_index == plate_index]
    return next((each.plate_color for each in held if each.plate_color), "")


async def refuse_others(deps: Deps, account_id: UUID, vehicle: Vehicle) -> None:
    """Refuse to act for a plate that others answer for: its proven owner, or else who lets it be charged.

    Otherwise anybody who claims it could follow them, or have them pay. Raises VehicleTakenError.
    """
    mine = await parts_of(deps.session, account_id)
    owner = await owner_of(deps.session, vehicle.plate_index)
    if owner in mine:
        return
    answering = {owner} - {None}
    answering |= {each.account_id for each in await standing_for(deps.session, object_of(vehicle.id))}
    if answering - {*mine}:
        raise VehicleTakenError(
            "Somebody else answers for this plate, so your phone cannot act for it", fix="Let the camera read it."
        )
