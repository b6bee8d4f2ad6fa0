"""Shops and operators grant an amount off for a vehicle that is inside, and take it back while nobody rests on it."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct
from sqlalchemy.dialects import postgresql
from sqlmodel import col, select

from auth.residents.attempts import Limit
from flows.parking.cases import Case
from flows.parking.credentials import Kind, credential, index_of
from flows.parking.errors import CouponRefusedError, UnknownCouponError, UnknownSessionError
from flows.parking.finding import IS_INSIDE, session_of
from flows.parking.gathering import Deps, touched_session
from flows.parking.operating import Speaker, own_session
from flows.parking.plates import read_plate
from flows.parking.quoting import rewritten
from flows.parking.session_tables import ParkingCoupon, ParkingSession
from flows.parking.tables import ParkingLot
from kernel.audit.entries import Detail, Event, append
from kernel.ids import uuid7

MOST_FEN = 200_00
"""Of all coupons of a session. No shop gives more than two hundred yuan; a digit too many does."""

MISSES = Limit("coupons for nobody inside", 50, 86_400)
"""Of a shop: who types plates errs, but must not try out who is inside."""


class NewCoupon(Struct, frozen=True, kw_only=True):
    """A coupon to be, for a session by its id, or for whoever is inside with a plate or ticket.

    ``given_by`` is what the shop is called; ``reference`` is the program's own number of it.
    """

    amount_fen: int
    given_by: str
    reference: str
    session_id: UUID | None = None
    plate: str = ""
    ticket: str = ""
    lot_id: UUID | None = None

    @property
    def credential(self) -> str:
        kind: Kind = "plate" if self.plate else "ticket"
        return credential(kind, read_plate(self.plate).text if self.plate else self.ticket)


async def grant(deps: Deps, speaker: Speaker, wanted: NewCoupon) -> ParkingCoupon:
    """Grant a coupon; the same reference again is the same coupon.

    It lowers what is still owed and what is to come, never below nothing (``coupons``). Raises CouponRefusedError,
    UnknownSessionError, PlateError.
    """
    if (known := await _known(deps, speaker, wanted)) is not None:
        return known
    row = await _session(deps, speaker, wanted)
    case = await _case(deps, row)
    if _is_over(case):
        raise CouponRefusedError("The vehicle has left already", fix="What it owes is for its operator to write off.")
    left = MOST_FEN - sum(each.amount_fen for each in case.counted)
    if wanted.amount_fen > left:
        raise CouponRefusedError("The session's coupons would be too much together", fix=f"Give up to {left} fen.")
    values = {
        "id": uuid7(),
        "session_id": row.id,
        "amount_fen": wanted.amount_fen,
        "given_by": wanted.given_by,
        "client_id": speaker.client_id,
        "reference": wanted.reference,
        "granted_at": deps.clock.now(),
    }
    await deps.session.exec(postgresql.insert(ParkingCoupon).values(values).on_conflict_do_nothing())
    made = await _known(deps, speaker, wanted)
    if made is None:
        raise UnknownCouponError("The coupon is gone", fix="Send it again.")
    if made.id == values["id"]:  # else the same call has come twice at once
        await rewritten(deps, row)
        await _audit(deps, speaker, made, "granted", amount_fen=made.amount_fen)
    return made


async def revoke(deps: Deps, speaker: Speaker, coupon_id: UUID, reason: str) -> ParkingCoupon:
    """Take a coupon back; again changes nothing. Raises UnknownCouponError, CouponRefusedError once it is used.

    It is used when its vehicle has left, or when what is due with it was ordered to be paid.
    """
    made = await deps.session.get(ParkingCoupon, coupon_id)
    if made is None or not await _may_see(deps, speaker, made):
        raise UnknownCouponError("There is no such coupon", fix="GET /parking/coupons lists them.")
    row = await session_of(deps.session, made.session_id)
    case = await _case(deps, row)
    await deps.session.refresh(made)
    if made.revoked_at is not None:
        return made
    asked = (each for each in case.payments if each.paid_at or not each.closed_at)
    if _is_over(case) or any(each.quoted_at >= made.granted_at for each in asked):
        raise CouponRefusedError("The coupon is used: its driver has paid by it, or left", fix="Leave it as it is.")
    made.revoked_at = deps.clock.now()
    deps.session.add(made)
    await rewritten(deps, row)
    await _audit(deps, speaker, made, "revoked", reason=reason)
    return made


class CouponsWanted(Struct, frozen=True, kw_only=True):
    """Which coupons: after an id, of a session."""

    after: UUID | None = None
    session_id: UUID | None = None


async def coupons_for(deps: Deps, speaker: Speaker, wanted: CouponsWanted, limit: int) -> Sequence[ParkingCoupon]:
    """Return coupons of the speaker's lots; a shop's program sees its own."""
    query = select(ParkingCoupon).join(ParkingSession, col(ParkingSession.id) == col(ParkingCoupon.session_id))
    query = query.join(ParkingLot, col(ParkingLot.id) == col(ParkingSession.lot_id))
    query = query.where(col(ParkingLot.operator_id).in_(speaker.operators))
    if speaker.is_shop:
        query = query.where(ParkingCoupon.client_id == speaker.client_id)
    if wanted.after is not None:
        query = query.where(col(ParkingCoupon.id) > wanted.after)
    if wanted.session_id is not None:
        query = query.where(ParkingCoupon.session_id == wanted.session_id)
    return (await deps.session.exec(query.order_by(col(ParkingCoupon.id)).limit(limit))).all()


async def _known(deps: Deps, speaker: Speaker, wanted: NewCoupon) -> ParkingCoupon | None:
    """Return the coupon of a reference, if there is one. Raises CouponRefusedError if it is another than is wanted."""
    chosen = select(ParkingCoupon).where(
        ParkingCoupon.client_id == speaker.client_id, ParkingCoupon.reference == wanted.reference
    )
    known = (await deps.session.exec(chosen)).first()
    if known is None:
        return None
    row = await session_of(deps.session, known.session_id)
    if wanted.session_id is not None:
        same = (await own_session(deps, speaker, wanted.session_id)).id == row.id
    else:
        same = index_of(deps.keys, wanted.credential) == row.credential
    if not same or (known.amount_fen, known.given_by) != (wanted.amount_fen, wanted.given_by):
        raise CouponRefusedError("This reference has another coupon", fix="Give each coupon a reference of its own.")
    return known


async def _session(deps: Deps, speaker: Speaker, wanted: NewCoupon) -> ParkingSession:
    """Return the session that is meant, the latest if several are open. Raises UnknownSessionError."""
    if wanted.session_id is not None:
        return await own_session(deps, speaker, wanted.session_id)
    query = select(ParkingSession).join(ParkingLot, col(ParkingLot.id) == col(ParkingSession.lot_id))
    query = query.where(
        col(ParkingLot.operator_id).in_(speaker.operators),
        ParkingSession.credential == index_of(deps.keys, wanted.credential),
        IS_INSIDE,
    )
    if wanted.lot_id is not None:
        query = query.where(ParkingSession.lot_id == wanted.lot_id)
    found = (await deps.session.exec(query.order_by(col(ParkingSession.opened_at).desc()).limit(1))).first()
    if found is None:
        raise UnknownSessionError("Nobody is inside with that", fix="Compare the plate or the ticket.")
    return found


async def _case(deps: Deps, row: ParkingSession) -> Case:
    """Return a session with all that is known of it, its locks held; the row as it is under them."""
    case = await (await touched_session(deps, row)).case(row.id)
    await deps.session.refresh(row)
    return case


def _is_over(case: Case) -> bool:
    return not case.visit.inside or case.facts.orphan_closed_at is not None


async def _may_see(deps: Deps, speaker: Speaker, made: ParkingCoupon) -> bool:
    if speaker.is_shop:
        return made.client_id == speaker.client_id
    row = await deps.session.get_one(ParkingSession, made.session_id)
    return (await deps.session.get_one(ParkingLot, row.lot_id)).operator_id in speaker.operators


async def _audit(deps: Deps, speaker: Speaker, made: ParkingCoupon, done: str, **details: Detail) -> None:
    about, details = f"parking_session:{made.session_id}", {"coupon": str(made.id), **details}
    event = Event(actor=speaker.actor, action=f"parking_coupon.{done}", object=about, details=details)
    await append(deps.session, deps.clock, event)
