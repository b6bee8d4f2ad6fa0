"""A session as operators' systems read it, with the names of APDS sessions (ISO 5206 family)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlmodel import col, select

from flows.parking.gathering import Deps
from flows.parking.operating import Speaker
from flows.parking.projecting import ORPHAN_AFTER
from flows.parking.session_tables import ParkingCoupon, ParkingDispute, ParkingSession
from flows.parking.stored import TEXT
from flows.parking.tables import ParkingLot


class Credential(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the vehicle or its driver was known by."""

    credential_type: str  # licensePlate, ticket, qrCode
    credential_id: str


class Segment(Struct, frozen=True, kw_only=True, rename="camel"):
    """A part of a session under one rate; ours have one, that of the entry."""

    place_id: UUID
    rate_id: UUID | None
    segment_start: datetime | None
    segment_end: datetime | None


class SessionView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A session. Amounts are in fen; ``review`` says why a person should look at it. ``spaceId``: the bay of a street.

    Who stands in a bay and was not read yet has no credential. ``couponsFen``: what coupons have taken off the fee of
    a session that ended; while it goes on, what they may.
    """

    id: UUID
    actual_start: datetime | None
    actual_end: datetime | None
    identified_credentials: list[Credential]
    space_id: UUID | None
    charging_start: datetime | None
    charging_end: datetime | None
    segments: list[Segment]
    state: str
    match: str
    review: str
    released: str
    fee_fen: int | None
    paid_fen: int
    coupons_fen: int
    dispute: str
    orphan_from: datetime | None


_TYPES = {"plate": "licensePlate", "ticket": "ticket", "pass": "qrCode"}


def view(deps: Deps, row: ParkingSession) -> SessionView:
    """Return what the operator of its lot may see of a session."""
    kind, _, value = deps.keys.cipher.open(TEXT, row.id, row.credential_text).partition(":")
    return SessionView(
        id=row.id,
        actual_start=row.entered_at,
        actual_end=row.left_at,
        identified_credentials=[Credential(credential_type=_TYPES[kind], credential_id=value)]
        if kind in _TYPES
        else [],
        space_id=row.bay_id,
        charging_start=row.charging_from,
        charging_end=row.charging_until,
        segments=[
            Segment(place_id=row.lot_id, rate_id=row.tariff_id, segment_start=row.entered_at, segment_end=row.left_at)
        ],
        state=row.state,
        match=row.match,
        review=row.review,
        released=row.released,
        fee_fen=row.closing_fen if row.adjusted_fen is None else row.adjusted_fen,
        paid_fen=row.paid_fen,
        coupons_fen=row.coupons_fen,
        dispute=row.dispute,
        orphan_from=None if row.left_at or row.entered_at is None else row.entered_at + ORPHAN_AFTER,
    )


class SessionsWanted(Struct, frozen=True, kw_only=True):
    """Which sessions: after an id (they are in the order of their beginning), of a lot, only those to look at."""

    after: UUID | None = None
    lot_id: UUID | None = None
    review: bool = False
    state: str = ""


async def sessions_for(deps: Deps, speaker: Speaker, wanted: SessionsWanted, limit: int) -> Sequence[ParkingSession]:
    """Return sessions in the speaker's lots that count."""
    query = select(ParkingSession).join(ParkingLot, col(ParkingLot.id) == col(ParkingSession.lot_id))
    query = query.where(col(ParkingLot.operator_id).in_(speaker.operators), col(ParkingSession.superseded_by).is_(None))
    if wanted.after is not None:
        query = query.where(col(ParkingSession.id) > wanted.after)
    if wanted.lot_id is not None:
        query = query.where(ParkingSession.lot_id == wanted.lot_id)
    if wanted.review:
        query = query.where(col(ParkingSession.review) != "")
    if wanted.state:
        query = query.where(ParkingSession.state == wanted.state)
    return (await deps.session.exec(query.order_by(col(ParkingSession.id)).limit(limit))).all()


class DisputeView(Struct, frozen=True, kw_only=True):
    """A dispute. Who opened it stays with the platform."""

    id: UUID
    session_id: UUID
    state: str
    reason: str
    words: str
    opened_at: datetime
    adjusted_fen: int | None = None


def dispute_view(deps: Deps, row: ParkingDispute) -> DisputeView:
    """Return what the operator of its lot may see of a dispute."""
    words = deps.keys.cipher.open("parking_dispute.words", row.id, row.words) if row.words else ""
    return DisputeView(
        id=row.id,
        session_id=row.session_id,
        state=row.state,
        reason=row.reason,
        words=words,
        opened_at=row.opened_at,
        adjusted_fen=row.adjusted_fen,
    )


async def disputes_for(deps: Deps, speaker: Speaker, after: UUID | None, limit: int) -> Sequence[ParkingDispute]:
    """Return the open disputes in the speaker's lots."""
    query = select(ParkingDispute).join(ParkingSession, col(ParkingSession.id) == col(ParkingDispute.session_id))
    query = query.join(ParkingLot, col(ParkingLot.id) == col(ParkingSession.lot_id))
    query = query.where(col(ParkingLot.operator_id).in_(speaker.operators), ParkingDispute.state == "open")
    if after is not None:
        query = query.where(col(ParkingDispute.id) > after)
    return (await deps.session.exec(query.order_by(col(ParkingDispute.id)).limit(limit))).all()


class CouponView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A coupon. Which session it is of stays with the lot's operator: a shop's program has no ``session_id``."""

    id: UUID
    session_id: UUID | UnsetType = UNSET
    amount_fen: int
    given_by: str
    reference: str
    granted_at: datetime
    revoked_at: datetime | None


def coupon_view(speaker: Speaker, row: ParkingCoupon) -> CouponView:
    """Return what whoever granted a coupon, or the operator of its lot, may see of it."""
    return CouponView(
        id=row.id,
        session_id=UNSET if speaker.is_shop else row.session_id,
        amount_fen=row.amount_fen,
        given_by=row.given_by,
        reference=row.reference,
        granted_at=row.granted_at,
        revoked_at=row.revoked_at,
    )
