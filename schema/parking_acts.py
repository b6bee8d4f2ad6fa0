"""What residents do about parking: vehicles, entering and leaving by scan, quotes, paying, disputes.

Each act is for the vehicle or session of whoever asks (``flows.parking.ownership``) and has an entry in the audit log.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import strawberry

from auth.policies import PUBLIC, SIGNED_IN
from auth.residents.attempts import Limit, attempt
from auth.sessions.tables import Session
from flows.codes.distance import position_of
from flows.codes.places import base_url, standing
from flows.parking import scanning, vehicles
from flows.parking.disputing import dispute
from flows.parking.gathering import Deps
from flows.parking.ownership import session_disputable, session_held, vehicle_held
from flows.parking.paying import Payer, pay
from flows.parking.quoting import quote
from flows.parking.scanning import Place, Scanner, place_of
from flows.parking.session_tables import ParkingSession
from flows.parking.viewing import view
from schema.caller import about, acting, caller
from schema.context import Context, Info
from schema.errors import ArgumentRefusedError
from schema.parking import SessionShown, VehicleShown, deps_of, shown_session, shown_vehicles
from schema.payments import OrderShown, shown_order
from schema.places import scan_text
from schema.scalars import DateTimeText, line, text
from schema.ways_in import uuid

POLICIES = {
    "ParkingScanned": PUBLIC,  # whoever has one was just given it
    "ParkingQuoted": PUBLIC,
    "Mutation.addVehicle": SIGNED_IN,
    "Mutation.endVehicle": SIGNED_IN,
    "Mutation.enterParking": SIGNED_IN,
    "Mutation.findParking": SIGNED_IN,
    "Mutation.leaveParking": SIGNED_IN,
    "Mutation.quoteParking": SIGNED_IN,
    "Mutation.payParking": SIGNED_IN,
    "Mutation.disputeParking": SIGNED_IN,
}

_SCANS = Limit("parking scans", 30, 3600)
_QUOTES = Limit("parking quotes", 60, 600)
_PLATES = Limit("plates", 10, 86_400)  # who claims more is no driver
_COLORS = ("", "blue", "yellow", "black", "white", "green", "yellow_green")
_REASONS = ("fee", "times", "plate", "not_me", "other")
_MOST_WORDS = 500
_MOST_KEY = 64

Code = Annotated[str, strawberry.argument(description="What the scanner has read.")]
Key = Annotated[str, strawberry.argument(description="The app's own id of this act: sent again, it is the same one.")]


@strawberry.type(name="ParkingScanned", description="What a scan at a car park has led to.")
class ScannedShown:
    """A scan."""

    session: SessionShown
    decision: str = strawberry.field(description="At a gate: `open`, `pay` what is due first, or `review`.")
    reason: str
    due_fen: int
    metres: int | None = strawberry.field(description="How far from the sticker the phone is, if both are known.")
    is_far: bool = strawberry.field(description="More than 150 m: the sticker may be another place's. Warn.")


@strawberry.type(name="ParkingQuoted", description="What a session costs, for some minutes.")
class QuotedShown:
    """A quote."""

    id: strawberry.ID
    fee_fen: int
    paid_fen: int
    due_fen: int
    as_of: DateTimeText
    expires_at: DateTimeText
    next_raise_at: DateTimeText | None


_Step = Callable[[Deps, Place, Scanner], Awaitable[tuple[str, str, ParkingSession]]]


async def _enter(deps: Deps, place: Place, scanner: Scanner) -> tuple[str, str, ParkingSession]:
    return "open", "enter", await scanning.enter(deps, place, scanner)


async def _find(deps: Deps, place: Place, scanner: Scanner) -> tuple[str, str, ParkingSession]:
    return "noted", "", await scanning.find(deps, place, scanner)


async def _leave(deps: Deps, place: Place, scanner: Scanner) -> tuple[str, str, ParkingSession]:
    decision, row = await scanning.leave(deps, place, scanner)
    return decision.kind, decision.reason, row


def _scanned(action: str, step: _Step, description: str) -> Any:
    """Return the mutation that takes a step by a scanned code, in one transaction with its entry in the audit log."""

    async def made(  # noqa: PLR0917 - GraphQL names them
        info: Info,
        code: Code,
        vehicle: strawberry.ID,
        key: Key,
        latitude: float | None = None,
        longitude: float | None = None,
    ) -> ScannedShown | None:
        context, scanned, where = info.context, scan_text(code), position_of(latitude, longitude)
        driven, once = uuid(vehicle, "vehicle"), _key(key)
        async with acting(context, action, "") as (session, owner):
            await _limited(context, _SCANS, owner)
            environment, deps = context.platform.environment, deps_of(context, session)
            base = base_url(environment.settings, environment.issuer)
            found = await standing(session, deps.keys.cipher, scanned, where, base=base)
            place = await place_of(deps, found)
            decision, reason, row = await step(deps, place, Scanner(owner.account_id, driven, once))
            about(session, f"parking_session:{row.id}")
            shown = await view(deps, row)
            return ScannedShown(
                session=shown_session(shown),
                decision=decision,
                reason=reason,
                due_fen=shown.due_fen,
                metres=found.metres,
                is_far=found.is_far,
            )

    return strawberry.mutation(made, description=description)


@strawberry.type
class ParkingMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Say that the resident drives a plate; again is the same vehicle. Where it has parked shows "
        "only to a proven owner. `color`: blue, yellow, black, white, green, yellow_green or empty."
    )
    async def add_vehicle(self, info: Info, plate: str, color: str = "") -> VehicleShown | None:
        if color not in _COLORS:
            raise ArgumentRefusedError("There is no such colour", fix=f"Send one of {', '.join(_COLORS[1:])}.")
        async with acting(info.context, "vehicle.claimed", "") as (session, owner):
            await _limited(info.context, _PLATES, owner)
            deps = deps_of(info.context, session)
            binding = await vehicles.claim(deps, owner.account_id, line(plate, "plate")[:_MOST_KEY], color)
            vehicle = await vehicle_held(deps, owner.account_id, binding.vehicle_id)
            about(session, f"vehicle:{vehicle.id}")
            return (await shown_vehicles(deps, [(vehicle, binding)]))[0]

    @strawberry.mutation(description="End that the resident drives a vehicle, such as when it was sold.")  # type: ignore[untyped-decorator]  # strawberry's
    async def end_vehicle(self, info: Info, vehicle: strawberry.ID) -> bool | None:
        wanted = uuid(vehicle, "vehicle")
        async with info.context.platform.database.session() as session:
            owner = await caller(session, info.context)
            await vehicles.end(deps_of(info.context, session), owner.account_id, wanted)  # audited there
        return True

    enter_parking = _scanned(
        "parking.entered",
        _enter,
        "Enter a car park by the code at its gate, or say whose car stands in a street's bay: a session begins. A "
        "plate whose proven owner or payer is somebody else is refused. Who is inside already gets that session.",
    )
    find_parking = _scanned(
        "parking.found",
        _find,
        "Find the session of a vehicle that a camera has seen enter, by any code of the car park. It shows while the "
        "vehicle is inside or owes something. A plate that somebody else answers for is refused.",
    )
    leave_parking = _scanned(
        "parking.left",
        _leave,
        "Ask to leave by the code at the gate out. After `pay`, pay and ask again with another key. A plate that "
        "somebody else answers for is refused.",
    )

    @strawberry.mutation(description="What a session costs if it is paid within five minutes.")  # type: ignore[untyped-decorator]  # strawberry's
    async def quote_parking(self, info: Info, session: strawberry.ID) -> QuotedShown | None:
        wanted = uuid(session, "session")
        async with acting(info.context, "parking.quoted", f"parking_session:{wanted}") as (opened, owner):
            await _limited(info.context, _QUOTES, owner)
            deps = deps_of(info.context, opened)
            row = await session_held(deps, owner.account_id, wanted)
            made = await quote(deps, row.id, owner.account_id)
            return QuotedShown(
                id=strawberry.ID(str(made.id)),
                fee_fen=made.fee_fen,
                paid_fen=made.paid_fen,
                due_fen=made.due_fen,
                as_of=text(made.as_of),
                expires_at=text(made.expires_at),
                next_raise_at=text(made.next_raise_at) if made.next_raise_at else None,
            )

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Place the order for what a session costs now; then `beginPayment`. One at a time is open."
    )
    async def pay_parking(self, info: Info, session: strawberry.ID, key: Key) -> OrderShown | None:
        wanted, once = uuid(session, "session"), _key(key)
        async with acting(info.context, "parking.ordered", f"parking_session:{wanted}") as (opened, owner):
            deps = deps_of(info.context, opened)
            row = await session_held(deps, owner.account_id, wanted)
            payer = Payer(account_id=owner.account_id, idempotency_key=f"parking:{row.id}:{once}")
            return shown_order(await pay(deps, row.id, payer))

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Say that a session is wrong; reminders rest until its operator has decided. "
        "`reason`: fee, times, plate, not_me or other."
    )
    async def dispute_parking(
        self, info: Info, session: strawberry.ID, reason: str, words: str = ""
    ) -> SessionShown | None:
        wanted = uuid(session, "session")
        if reason not in _REASONS or len(words) > _MOST_WORDS:
            raise ArgumentRefusedError(
                "There is no such reason, or words are too long",
                fix=f"Send one of {', '.join(_REASONS)}, and up to {_MOST_WORDS} characters.",
            )
        async with acting(info.context, "parking.disputed", f"parking_session:{wanted}") as (opened, owner):
            deps = deps_of(info.context, opened)
            row = await session_disputable(deps, owner.account_id, wanted)
            await dispute(deps, row.id, owner.account_id, reason, words)
            await opened.refresh(row)
            return shown_session(await view(deps, row))


async def _limited(context: Context, limit: Limit, owner: Session) -> None:
    await attempt(context.platform.environment.redis, limit, owner.account_id)


def _key(given: str) -> str:
    key = line(given, "key")
    if not 1 <= len(key) <= _MOST_KEY:
        raise ArgumentRefusedError("key is empty or too long", fix=f"Send 1 to {_MOST_KEY} characters.")
    return key
