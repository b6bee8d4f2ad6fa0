"""``myParking``: a resident's vehicles, and the parking sessions that are theirs (``flows.parking.ownership``)."""

from collections.abc import Iterable

import strawberry
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.policies import PUBLIC, SIGNED_IN
from flows.notices.writing import notices_of
from flows.parking.exit_receipts import exit_receipt
from flows.parking.gathering import Deps
from flows.parking.ownership import session_held, sessions_held, vehicles_held
from flows.parking.permitting import permits_on
from flows.parking.session_tables import ParkingNotice
from flows.parking.vehicle_tables import ParkingPermit, Vehicle, VehicleBinding
from flows.parking.viewing import View, view
from schema.caller import caller
from schema.context import Context, Info
from schema.parking_lots import LineShown, shown_line
from schema.scalars import DateTimeText, check_first, text
from schema.ways_in import uuid

POLICIES = {
    "Query.myParking": SIGNED_IN,
    "MyParking": SIGNED_IN,
    "MyVehicle": PUBLIC,  # whoever has one was just given it
    "MyParkingPermit": PUBLIC,
    "MyParkingSession": PUBLIC,
    "MyParkingNotice": PUBLIC,
    "ParkingExitReceipt": PUBLIC,
}


@strawberry.type(name="MyParkingPermit", description="A season ticket, or a resident's or disabled permit of a plate.")
class PermitShown:
    """A permit."""

    id: strawberry.ID
    name: str = strawberry.field(description="As the car park's tariff has it, such as season, resident, disabled.")
    operator: strawberry.ID
    lot: strawberry.ID | None = strawberry.field(description="Null: in all car parks of the operator.")
    since: DateTimeText
    until: DateTimeText | None = strawberry.field(description="The first moment without it.")


@strawberry.type(name="MyVehicle", description="A plate that the resident pays for.")
class VehicleShown:
    """A vehicle."""

    id: strawberry.ID
    plate: str
    color: str
    kind: str = strawberry.field(description="As its plate says: standard, new_energy …")
    proof: str = strawberry.field(
        description="`claimed`: sessions show once a code is scanned there; `owner`: proven, all since then show."
    )
    since: DateTimeText
    permits: list[PermitShown] = strawberry.field(
        description="That hold or are to come, by when they begin; only its proven owner sees them."
    )


@strawberry.type(name="MyParkingSession", description="A stay in a car park, as it stands now.")
class SessionShown:
    """A session."""

    id: strawberry.ID
    lot: strawberry.ID
    lot_zh: str
    lot_en: str
    plate: str | None
    state: str = strawberry.field(description="Such as entered, quoted, prepaid, grace_over, exited, arrears.")
    entered_at: DateTimeText | None
    left_at: DateTimeText | None
    charging_from: DateTimeText | None = strawberry.field(description="When the car began to charge, if it has.")
    charging_until: DateTimeText | None = strawberry.field(description="Null while it does. Drive on: staying costs.")
    fee_fen: int | None = strawberry.field(description="So far; none: a person has to find out.")
    paid_fen: int
    due_fen: int
    next_raise_at: DateTimeText | None = strawberry.field(description="When the fee rises next.")
    paid_until: DateTimeText | None = strawberry.field(description="Up to when it may leave without paying more.")
    dispute: str = strawberry.field(description="open, decided, or empty.")
    is_over: bool = strawberry.field(description="It has left and nothing is due.")
    lines: list[LineShown]


@strawberry.type(name="MyParkingNotice", description="What the resident was told, or could not be, of a session.")
class NoticeShown:
    """A notice."""

    id: strawberry.ID
    session: strawberry.ID
    kind: str = strawberry.field(
        description="billed, charging_over, orphan_closed, debit_failed, arrears_1, arrears_2 or arrears_3."
    )
    amount_fen: int
    at: DateTimeText
    state: str = strawberry.field(
        description="waiting, told (in a host app or by SMS), untold, or needless: paid since."
    )


@strawberry.type(
    name="ParkingExitReceipt",
    description="What is shown at a gate without a network: draw `text` as a QR code, error correction level M.",
)
class ExitReceiptShown:
    """A receipt."""

    text: str
    paid_until: DateTimeText = strawberry.field(description="Up to when a gate lets the vehicle out by it.")


@strawberry.type
class MyParking:
    """Whose it is is known by the token."""

    @strawberry.field(description="Their vehicles.")  # type: ignore[untyped-decorator]  # strawberry's
    async def vehicles(self, info: Info) -> list[VehicleShown]:
        async with info.context.platform.database.snapshot() as session:
            owner = await caller(session, info.context)
            deps = deps_of(info.context, session)
            return await shown_vehicles(deps, await vehicles_held(deps, owner.account_id))

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="Their sessions, the latest first; `after` is the id of the last one that was shown."
    )
    async def sessions(self, info: Info, first: int = 10, after: strawberry.ID | None = None) -> list[SessionShown]:
        check_first(first)
        last = uuid(after, "after") if after else None
        async with info.context.platform.database.snapshot() as session:
            owner = await caller(session, info.context)
            deps = deps_of(info.context, session)
            return [
                shown_session(await view(deps, row)) for row in await sessions_held(deps, owner.account_id, first, last)
            ]

    @strawberry.field(description="What they are told of their sessions, the latest first.")  # type: ignore[untyped-decorator]  # strawberry's
    async def notices(self, info: Info, first: int = 10) -> list[NoticeShown]:
        check_first(first)
        async with info.context.platform.database.snapshot() as session:
            owner = await caller(session, info.context)
            return [_shown_notice(each) for each in await notices_of(session, ParkingNotice, owner.account_id, first)]

    @strawberry.field(description="One of their sessions.")  # type: ignore[untyped-decorator]  # strawberry's
    async def session(self, info: Info, id: strawberry.ID) -> SessionShown | None:  # noqa: A002 - the graph's name
        wanted = uuid(id, "id")
        async with info.context.platform.database.snapshot() as session:
            owner = await caller(session, info.context)
            deps = deps_of(info.context, session)
            return shown_session(await view(deps, await session_held(deps, owner.account_id, wanted)))

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="The receipt of what they have paid for a session, for a gate that has not heard of it. Null: it "
        "has left, or nothing of theirs is paid for now. The same each time, and a gate takes it once."
    )
    async def exit_receipt(self, info: Info, session: strawberry.ID) -> ExitReceiptShown | None:
        wanted, platform = uuid(session, "session"), info.context.platform
        async with platform.database.snapshot() as opened:
            owner = await caller(opened, info.context)
            made = await exit_receipt(deps_of(info.context, opened), platform.desk, owner.account_id, wanted)
        return None if made is None else ExitReceiptShown(text=made.text, paid_until=text(made.paid_until))


@strawberry.type
class ParkingQueries:
    """The part of ``Query`` that this file is for."""

    @strawberry.field(description="The vehicles and parking sessions of the resident who asks.")  # type: ignore[untyped-decorator]  # strawberry's
    def my_parking(self) -> MyParking | None:
        return MyParking()


def _shown_notice(row: ParkingNotice) -> NoticeShown:
    return NoticeShown(
        id=strawberry.ID(str(row.id)),
        session=strawberry.ID(str(row.session_id)),
        kind=row.kind,
        amount_fen=row.amount_fen,
        at=text(row.at),
        state=row.state,
    )


def deps_of(context: Context, session: AsyncSession) -> Deps:
    """Return what the flow works with in a transaction."""
    environment = context.platform.environment
    return Deps(session, environment.clock, environment.keys)


async def shown_vehicles(deps: Deps, held: Iterable[tuple[Vehicle, VehicleBinding]]) -> list[VehicleShown]:
    """Return vehicles as their account may see them."""
    held = list(held)
    owned = [vehicle.plate_index for vehicle, binding in held if binding.proof == "owner"]
    permits = await permits_on(deps.session, owned, deps.clock.now()) if owned else ()
    return [
        VehicleShown(
            id=strawberry.ID(str(vehicle.id)),
            plate=deps.keys.cipher.open("vehicle.plate", vehicle.id, vehicle.plate),
            color=binding.plate_color,
            kind=vehicle.plate_kind,
            proof=binding.proof,
            since=text(binding.since),
            permits=[_shown_permit(each) for each in permits if each.plate_index == vehicle.plate_index],
        )
        for vehicle, binding in held
    ]


def _shown_permit(row: ParkingPermit) -> PermitShown:
    return PermitShown(
        id=strawberry.ID(str(row.id)),
        name=row.name,
        operator=strawberry.ID(row.operator_id),
        lot=strawberry.ID(str(row.lot_id)) if row.lot_id else None,
        since=text(row.since),
        until=text(row.until) if row.until else None,
    )


def shown_session(found: View) -> SessionShown:
    """Return a session as its resident may see it."""
    row = found.row
    return SessionShown(
        id=strawberry.ID(str(row.id)),
        lot=strawberry.ID(str(found.lot.id)),
        lot_zh=found.lot.name_zh,
        lot_en=found.lot.name_en,
        plate=found.plate,
        state=row.state,
        entered_at=text(row.entered_at) if row.entered_at else None,
        left_at=text(row.left_at) if row.left_at else None,
        charging_from=text(row.charging_from) if row.charging_from else None,
        charging_until=text(row.charging_until) if row.charging_until else None,
        fee_fen=found.fee_fen,
        paid_fen=found.paid_fen,
        due_fen=found.due_fen,
        next_raise_at=text(found.next_raise_at) if found.next_raise_at else None,
        paid_until=text(found.paid_until) if found.paid_until else None,
        dispute=row.dispute,
        is_over=found.is_over,
        lines=[shown_line(each) for each in found.lines],
    )
