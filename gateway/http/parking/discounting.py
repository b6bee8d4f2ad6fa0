"""What operators' programs do about permits (APDS rights), and shops' programs about coupons."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta

from auth.provider.environment import Environment
from auth.residents.attempts import guessing
from flows.parking import couponing, permitting
from flows.parking.couponing import MISSES, MOST_FEN, CouponsWanted, NewCoupon, coupons_for
from flows.parking.errors import UnknownSessionError
from flows.parking.gathering import Deps
from flows.parking.operating import Speaker
from flows.parking.permitting import AssignedRight, NewPermit, PermitsWanted, right_view, rights_for, specs_of
from flows.parking.session_view import CouponView, coupon_view
from gateway.errors import RequestError
from gateway.http.departments import AnyRequest, json
from gateway.http.parking.asking import speaker
from gateway.http.parking.operating import OperatorRoutes, Reason, Said, id_of
from gateway.http.parking.paging import Page, cursor_of
from kernel.database import Database

_Moment = Annotated[datetime, Meta(tz=True)]
_Plate = Annotated[str, Meta(min_length=4, max_length=20)]
_Name = Annotated[str, Meta(min_length=1, max_length=100)]


class RightAssignment(Said, frozen=True, kw_only=True):
    """A permit for a plate, in a lot or in all lots of an operator; ``until`` is the first moment without it."""

    right_specification: _Name
    plate: _Plate
    since: _Moment
    until: _Moment | None = None
    place_id: UUID | None = None
    operator_id: str = ""


class RightEnding(Said, frozen=True, kw_only=True):
    """Why a permit ends, and when: now, if nothing is said."""

    reason: Reason
    until: _Moment | None = None


class CouponGrant(Said, frozen=True, kw_only=True):
    """An amount off, by one of ``session_id``, ``plate`` and ``ticket``; ``place_id`` says where to look for these two.

    A shop's program has to say that.
    """

    amount_fen: Annotated[int, Meta(ge=1, le=MOST_FEN)]
    given_by: _Name
    reference: Annotated[str, Meta(min_length=1, max_length=100)]
    session_id: UUID | None = None
    plate: Annotated[str, Meta(max_length=20)] = ""
    ticket: Annotated[str, Meta(max_length=64)] = ""
    place_id: UUID | None = None


class CouponRevocation(Said, frozen=True, kw_only=True):
    """Why a coupon is taken back."""

    reason: Reason


async def _assign(deps: Deps, who: Speaker, _: None, said: RightAssignment) -> AssignedRight:
    wanted = NewPermit(
        operator_id=said.operator_id,
        lot_id=said.place_id,
        plate=said.plate,
        name=said.right_specification,
        since=said.since,
        until=said.until,
    )
    return right_view(deps, await permitting.assign_own(deps, who, wanted))


async def _end(deps: Deps, who: Speaker, permit_id: UUID, said: RightEnding) -> AssignedRight:
    return right_view(deps, await permitting.end(deps, who, permit_id, said.until, said.reason))


async def _rights(deps: Deps, who: Speaker, request: AnyRequest, limit: int) -> Sequence[Any]:
    wanted = PermitsWanted(
        after=cursor_of(request), plate=request.query_params.get("credentialId", ""), lot_id=id_of(request)
    )
    return await rights_for(deps, who, wanted, limit)


async def _grant(deps: Deps, who: Speaker, said: CouponGrant) -> CouponView:
    if (said.session_id is not None) + bool(said.plate) + bool(said.ticket) != 1:
        raise RequestError("Whom the coupon is for is not said, or twice", fix="Send session_id, plate or ticket.")
    if who.is_shop and said.session_id is None and said.place_id is None:
        raise RequestError("Where the vehicle is parked is not said", fix="Send place_id (GET /parking/places).")
    wanted = NewCoupon(
        amount_fen=said.amount_fen,
        given_by=said.given_by,
        reference=said.reference,
        session_id=said.session_id,
        plate=said.plate,
        ticket=said.ticket,
        lot_id=said.place_id,
    )
    return coupon_view(who, await couponing.grant(deps, who, wanted))


async def _revoke(deps: Deps, who: Speaker, coupon_id: UUID, said: CouponRevocation) -> CouponView:
    return coupon_view(who, await couponing.revoke(deps, who, coupon_id, said.reason))


async def _coupons(deps: Deps, who: Speaker, request: AnyRequest, limit: int) -> Sequence[Any]:
    wanted = CouponsWanted(after=cursor_of(request), session_id=id_of(request, "sessionId"))
    return [coupon_view(who, row) for row in await coupons_for(deps, who, wanted, limit)]


def discount_routes(database: Database, environment: Environment) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    routes = OperatorRoutes(database, environment)

    @get("/parking/rights/specs")
    async def specs(request: AnyRequest) -> Response[bytes]:
        """List the permits that your tariffs know."""
        async with database.session() as session:
            who = await speaker(session, environment, request)
            found = await specs_of(session, who.operators, environment.clock.now())
        return json(Page([*found], None))

    async def grant(deps: Deps, who: Speaker, _: None, said: CouponGrant) -> CouponView:
        if not who.is_shop:
            return await _grant(deps, who, said)
        async with guessing(environment.redis, MISSES, who.client_id, UnknownSessionError):
            return await _grant(deps, who, said)

    return [
        specs,
        routes.list("/parking/rights/assigned", _rights, right_view),
        routes.act("/parking/rights/assigned", RightAssignment, _assign),
        routes.act("/parking/rights/assigned/{id:uuid}/end", RightEnding, _end),
        routes.list("/parking/coupons", _coupons, lambda _, coupon: coupon, shops=True),
        routes.act("/parking/coupons", CouponGrant, grant, shops=True),
        routes.act("/parking/coupons/{id:uuid}/revocation", CouponRevocation, _revoke, shops=True),
    ]
