"""Operators assign permits to plates and end them. Neither reaches back: no entry that has been costs anything else."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.credentials import credential, index_of
from flows.parking.errors import PermitRefusedError, UnknownPermitError
from flows.parking.gathering import Deps
from flows.parking.operating import Speaker, own_lot
from flows.parking.plates import read_chinese_plate, read_plate
from flows.parking.session_view import Credential
from flows.parking.tariff_data import Permit
from flows.parking.vehicle_tables import ParkingPermit
from kernel.audit.entries import Detail, Event, append
from kernel.clock import CHINA
from kernel.database import driver, lock_named
from kernel.ids import uuid7

PLATE = "parking_permit.plate"
# The versions that hold now, and those to come, oldest first.
_SPECS = """
    SELECT t.operator_id, t.code, (t.data->'permits')::text AS permits,
        (SELECT json_agg(l.id ORDER BY l.code) FROM parking_lot l
            WHERE l.operator_id = t.operator_id AND l.tariff = t.code AND l.closed_at IS NULL)::text AS lots
    FROM parking_tariff t
    WHERE t.operator_id = ANY($1::text[]) AND t.data ? 'permits'
      AND t.valid_from >= coalesce((SELECT max(valid_from) FROM parking_tariff
          WHERE operator_id = t.operator_id AND code = t.code AND valid_from <= $2), '-infinity')
    ORDER BY t.operator_id, t.code, t.valid_from
"""


class RightSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A permit that a tariff knows (an APDS right specification), with the lots of that tariff."""

    id: str  # the permit's name
    operator_id: str
    rate_code: str
    places: list[UUID]
    percent_off: int
    free_minutes: int


class NewPermit(Struct, frozen=True, kw_only=True):
    """A permit to be. ``lot_id`` None: in all of the operator's lots. ``until`` is the first moment without it."""

    operator_id: str
    lot_id: UUID | None = None
    plate: str
    name: str
    since: datetime
    until: datetime | None = None


async def specs_of(session: AsyncSession, operators: Iterable[str], now: datetime) -> list[RightSpec]:
    """Return the permits that the tariffs of operators know, now or in a version to come."""
    found: dict[tuple[str, str, str], RightSpec] = {}
    for row in await (await driver(session)).fetch(_SPECS, list(operators), now):
        for permit in msgspec.json.decode(row["permits"], type=list[Permit]):
            key = row["operator_id"], row["code"], permit.name
            spec = RightSpec(
                id=permit.name,
                operator_id=row["operator_id"],
                rate_code=row["code"],
                places=msgspec.json.decode(row["lots"] or "[]", type=list[UUID]),
                percent_off=permit.percent_off,
                free_minutes=permit.free_minutes,
            )
            found.setdefault(key, spec)
    return [*found.values()]


class Assigning:
    """Assigns permits in one transaction. ``actor`` is for the rows; the audit log is the caller's.

    It has one lock of each operator, however many permits they are: assign those of several in the operators' order.
    """

    def __init__(self, deps: Deps, actor: str) -> None:
        self._deps, self._actor = deps, actor
        self._specs: dict[str, list[RightSpec]] = {}

    async def assign(self, wanted: NewPermit) -> tuple[ParkingPermit, bool]:
        """Return the permit, and whether it is new: what holds already is not assigned again.

        One that is to begin in the past begins now. Raises PermitRefusedError, PlateError.
        """
        deps, now = self._deps, self._deps.clock.now()
        plate = read_chinese_plate(wanted.plate)
        await self._check(wanted, now)
        since, index = max(wanted.since, now).astimezone(UTC), index_of(deps.keys, credential("plate", plate.text))
        for each in await self._overlapping(wanted, since, index):
            if (each.lot_id, each.until) == (wanted.lot_id, wanted.until) and each.since <= since:
                return each, False
            span = f"{_local(each.since)} to {_local(each.until) if each.until else 'further notice'}"
            raise PermitRefusedError(
                f"The plate has this permit there already, from {span}", fix="Begin when that ends, or end it first."
            )
        made = uuid7()
        row = ParkingPermit(
            id=made,
            operator_id=wanted.operator_id,
            lot_id=wanted.lot_id,
            plate=deps.keys.cipher.seal(PLATE, made, plate.text),
            plate_index=index,
            name=wanted.name,
            since=since,
            until=wanted.until.astimezone(UTC) if wanted.until else None,
            granted_by=self._actor,
        )
        deps.session.add(row)
        await deps.session.flush()
        return row, True

    async def _check(self, wanted: NewPermit, now: datetime) -> None:
        if wanted.until is not None and wanted.until <= max(wanted.since, now):
            raise PermitRefusedError("It ends before it begins, or has ended", fix="Give a later end, or none.")
        if wanted.operator_id not in self._specs:
            await lock_named(self._deps.session, f"permits {wanted.operator_id}")
            self._specs[wanted.operator_id] = await specs_of(self._deps.session, [wanted.operator_id], now)
        specs = self._specs[wanted.operator_id]
        known = {each.id for each in specs if each.places and wanted.lot_id in (None, *each.places)}
        if wanted.name not in known:
            raise PermitRefusedError(
                f"No tariff there knows the permit {wanted.name!r}",
                fix=f"It knows {', '.join(sorted(known))}." if known else "Publish a tariff with it first.",
            )

    async def _overlapping(self, wanted: NewPermit, since: datetime, index: bytes) -> Sequence[ParkingPermit]:
        chosen = select(ParkingPermit).where(
            ParkingPermit.operator_id == wanted.operator_id,
            ParkingPermit.plate_index == index,
            ParkingPermit.name == wanted.name,
            or_(col(ParkingPermit.until).is_(None), col(ParkingPermit.until) > since),
        )
        if wanted.until is not None:
            chosen = chosen.where(ParkingPermit.since < wanted.until)
        if wanted.lot_id is not None:
            chosen = chosen.where(or_(col(ParkingPermit.lot_id).is_(None), ParkingPermit.lot_id == wanted.lot_id))
        return (await self._deps.session.exec(chosen.order_by(col(ParkingPermit.since)))).all()


async def assign_own(deps: Deps, speaker: Speaker, wanted: NewPermit) -> ParkingPermit:
    """Assign a permit in the speaker's lots; ``operator_id`` empty: of the lot's operator, or of the only one.

    Raises PermitRefusedError, PlateError, UnknownLotError.
    """
    operator = wanted.operator_id
    if wanted.lot_id is not None:
        operator = (await own_lot(deps, speaker, wanted.lot_id)).operator_id
    elif not operator and len(speaker.operators) == 1:
        [operator] = speaker.operators
    if operator not in speaker.operators or wanted.operator_id not in ("", operator):
        raise PermitRefusedError("Whose lots it is for is not said, or they are not yours", fix="Name a lot of yours.")
    row, new = await Assigning(deps, speaker.actor).assign(msgspec.structs.replace(wanted, operator_id=operator))
    if new:
        await _audit(deps, speaker, row, "assigned")
    return row


async def end(deps: Deps, speaker: Speaker, permit_id: UUID, until: datetime | None, reason: str) -> ParkingPermit:
    """End a permit, now or at a later moment; one that has ended by then stays. Raises UnknownPermitError."""
    row = await deps.session.get(ParkingPermit, permit_id, with_for_update=True)
    if row is None or row.operator_id not in speaker.operators:
        raise UnknownPermitError("You have assigned no such permit", fix="GET /parking/rights/assigned lists them.")
    now = deps.clock.now()
    at = max(until or now, now, row.since).astimezone(UTC)
    if row.until is None or at < row.until:
        row.until = at
        deps.session.add(row)
        await deps.session.flush()
        await _audit(deps, speaker, row, "ended", reason=reason)
    return row


class AssignedRight(Struct, frozen=True, kw_only=True, rename="camel"):
    """A permit as the operator who assigned it sees it (an APDS assigned right). ``placeId`` null: all its lots."""

    id: UUID
    right_specification: str
    operator_id: str
    place_id: UUID | None
    credentials: list[Credential]
    start_time: datetime
    end_time: datetime | None


def right_view(deps: Deps, row: ParkingPermit) -> AssignedRight:
    """Return what the operator of its lots may see of a permit."""
    plate = deps.keys.cipher.open(PLATE, row.id, row.plate)
    return AssignedRight(
        id=row.id,
        right_specification=row.name,
        operator_id=row.operator_id,
        place_id=row.lot_id,
        credentials=[Credential(credential_type="licensePlate", credential_id=plate)],
        start_time=row.since,
        end_time=row.until,
    )


class PermitsWanted(Struct, frozen=True, kw_only=True):
    """Which permits: after an id, of a plate, those that hold in a lot."""

    after: UUID | None = None
    plate: str = ""
    lot_id: UUID | None = None


async def rights_for(deps: Deps, speaker: Speaker, wanted: PermitsWanted, limit: int) -> Sequence[ParkingPermit]:
    """Return the permits of the speaker's operators. Raises PlateError, UnknownLotError."""
    query = select(ParkingPermit).where(col(ParkingPermit.operator_id).in_(speaker.operators))
    if wanted.after is not None:
        query = query.where(col(ParkingPermit.id) > wanted.after)
    if wanted.plate:
        index = index_of(deps.keys, credential("plate", read_plate(wanted.plate).text))
        query = query.where(ParkingPermit.plate_index == index)
    if wanted.lot_id is not None:
        lot = await own_lot(deps, speaker, wanted.lot_id)
        here = or_(col(ParkingPermit.lot_id).is_(None), ParkingPermit.lot_id == lot.id)
        query = query.where(ParkingPermit.operator_id == lot.operator_id, here)
    return (await deps.session.exec(query.order_by(col(ParkingPermit.id)).limit(limit))).all()


async def permits_on(session: AsyncSession, plates: Iterable[bytes], now: datetime) -> Sequence[ParkingPermit]:
    """Return the permits of plates, by their indexes, that hold or are to come."""
    chosen = select(ParkingPermit).where(
        col(ParkingPermit.plate_index).in_(plates),
        or_(col(ParkingPermit.until).is_(None), col(ParkingPermit.until) > now),
    )
    return (await session.exec(chosen.order_by(col(ParkingPermit.since), col(ParkingPermit.id)))).all()


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"


async def _audit(deps: Deps, speaker: Speaker, row: ParkingPermit, done: str, **details: Detail) -> None:
    about, details = f"parking_permit:{row.id}", {"operator": row.operator_id, **details}
    event = Event(actor=speaker.actor, action=f"parking_permit.{done}", object=about, details=details)
    await append(deps.session, deps.clock, event)
