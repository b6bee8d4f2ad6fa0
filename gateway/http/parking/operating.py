"""What operators' programs ask and decide; a call that changes something has an ``Idempotency-Key``."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta, Struct

from auth.provider.environment import Environment
from flows.parking import operating
from flows.parking.gathering import Deps
from flows.parking.idempotency import Call, once
from flows.parking.observations import LotEvent, report
from flows.parking.opening import Hours
from flows.parking.operating import Speaker
from flows.parking.refused import RefusedWanted, refused_events, refused_view
from flows.parking.repairing import repair
from flows.parking.session_view import (
    DisputeView,
    SessionsWanted,
    SessionView,
    dispute_view,
    disputes_for,
    sessions_for,
    view,
)
from gateway.errors import RequestError
from gateway.http.departments import AnyRequest, body, idempotency_key, json
from gateway.http.parking.asking import speaker
from gateway.http.parking.events import EventAnswers
from gateway.http.parking.paging import cursor_of, limit_of, page
from kernel.database import Database

_MOST_BYTES = 2**14

Reason = Annotated[str, Meta(pattern="^[a-z][a-z_]{2,39}$", description="Write a code such as emergency_vehicle.")]


class Said(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a program says; what is not known is refused."""


class Counted(Said, frozen=True, kw_only=True):
    """How many vehicles somebody has counted in a lot."""

    occupied: Annotated[int, Meta(ge=0, le=100_000)]


class Opening(Said, frozen=True, kw_only=True):
    """When a lot is open, in place of what was said before; empty: nobody says."""

    opening: Annotated[list[Hours], Meta(max_length=50)]


class Reported(Said, frozen=True, kw_only=True):
    """What was seen in a lot."""

    events: Annotated[list[LotEvent], Meta(min_length=1, max_length=50)]


class Closing(Said, frozen=True, kw_only=True):
    """Why a session without an exit is closed."""

    reason: Reason


class Release(Said, frozen=True, kw_only=True):
    """By which lane a vehicle is let out, and why."""

    lane: Annotated[str, Meta(min_length=1, max_length=64)]
    reason: Reason


class WriteOff(Said, frozen=True, kw_only=True):
    """Why what is owed is not asked for."""

    reason: Reason


class Repair(Said, frozen=True, kw_only=True):
    """The plate that is right."""

    plate: Annotated[str, Meta(min_length=4, max_length=20)]


class DisputeDecision(Said, frozen=True, kw_only=True):
    """What a disputed session costs."""

    fee_fen: Annotated[int, Meta(ge=0, le=2**31 - 1)]


Listed = Callable[[Deps, Speaker, AnyRequest, int], Awaitable[Sequence[Any]]]
Act = Callable[[Deps, Speaker, Any, Any], Awaitable[Any]]
"""The third is the id of the path, None if it has none."""


async def _count(deps: Deps, who: Speaker, lot_id: UUID, said: Counted) -> Any:
    return await operating.count(deps, who, lot_id, said.occupied)


async def _open(deps: Deps, who: Speaker, lot_id: UUID, said: Opening) -> Opening:
    await operating.set_hours(deps, who, lot_id, said.opening)
    return said


async def _report(deps: Deps, who: Speaker, lot_id: UUID, said: Reported) -> EventAnswers:
    return EventAnswers(await report(deps, who, lot_id, said.events), deps.clock.now())


async def _close(deps: Deps, who: Speaker, session_id: UUID, said: Closing) -> SessionView:
    return view(deps, await operating.close(deps, who, session_id, said.reason))


async def _release(deps: Deps, who: Speaker, session_id: UUID, said: Release) -> SessionView:
    return view(deps, await operating.release(deps, who, session_id, said.lane, said.reason))


async def _waive(deps: Deps, who: Speaker, session_id: UUID, said: WriteOff) -> SessionView:
    return view(deps, await operating.waive(deps, who, session_id, said.reason))


async def _repair(deps: Deps, who: Speaker, session_id: UUID, said: Repair) -> SessionView:
    return view(deps, await repair(deps, who, session_id, said.plate))


async def _decide(deps: Deps, who: Speaker, dispute_id: UUID, said: DisputeDecision) -> DisputeView:
    return dispute_view(deps, await operating.decide(deps, who, dispute_id, said.fee_fen))


async def _sessions(deps: Deps, who: Speaker, request: AnyRequest, limit: int) -> Sequence[Any]:
    asked = request.query_params
    wanted = SessionsWanted(
        after=cursor_of(request),
        lot_id=id_of(request),
        review=asked.get("review") == "true",
        state=asked.get("state", ""),
    )
    return await sessions_for(deps, who, wanted, limit)


async def _disputes(deps: Deps, who: Speaker, request: AnyRequest, limit: int) -> Sequence[Any]:
    return await disputes_for(deps, who, cursor_of(request), limit)


async def _refused(deps: Deps, who: Speaker, request: AnyRequest, limit: int) -> Sequence[Any]:
    wanted = RefusedWanted(
        after=cursor_of(request),
        operators=who.operators,
        lot_id=id_of(request),
        device_id=request.query_params.get("deviceId", ""),
    )
    return await refused_events(deps.session, wanted, limit)


class OperatorRoutes:
    """The handlers, with what they need."""

    def __init__(self, database: Database, environment: Environment) -> None:
        self._database, self._environment = database, environment

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""
        return [
            self.list("/parking/sessions", _sessions, view),
            self.list("/parking/disputes", _disputes, dispute_view),
            self.list("/parking/refused-events", _refused, lambda deps, row: refused_view(deps.keys.cipher, row)),
            self.act("/parking/lots/{id:uuid}/occupancy", Counted, _count),
            self.act("/parking/lots/{id:uuid}/opening", Opening, _open),
            self.act("/parking/lots/{id:uuid}/events", Reported, _report),
            self.act("/parking/sessions/{id:uuid}/closing", Closing, _close),
            self.act("/parking/sessions/{id:uuid}/release", Release, _release),
            self.act("/parking/sessions/{id:uuid}/write-off", WriteOff, _waive),
            self.act("/parking/sessions/{id:uuid}/plate", Repair, _repair),
            self.act("/parking/disputes/{id:uuid}/decision", DisputeDecision, _decide),
        ]

    def act(self, path: str, type_: type[Struct], act: Act, *, shops: bool = False) -> HTTPRouteHandler:
        """Return the handler of a call that changes something; ``shops``: also their programs may."""

        @post(path, status_code=200, name=path, request_max_body_size=_MOST_BYTES)
        async def acted(request: AnyRequest) -> Response[bytes]:
            async with self._database.session() as session:
                deps = Deps(session, self._environment.clock, self._environment.keys)
                who = await speaker(session, self._environment, request, shops=shops)
                said = await body(request, type_, _MOST_BYTES, reference="docs/parking_operators.md has the fields.")
                content = request.url.path.encode() + b"\n" + await request.body()
                call = Call(who.client_id, idempotency_key(request), content)

                async def work() -> bytes:
                    return msgspec.json.encode(await act(deps, who, request.path_params.get("id"), said))

                answer = await once(deps, call, work)
            return Response(answer, media_type="application/json")

        return acted

    def list(
        self, path: str, listed: Listed, shown: Callable[[Deps, Any], Struct], *, shops: bool = False
    ) -> HTTPRouteHandler:
        """Return the handler of a list in pages."""

        @get(path, name=f"list {path}")
        async def page_of(request: AnyRequest) -> Response[bytes]:
            limit = limit_of(request)
            async with self._database.session() as session:
                deps = Deps(session, self._environment.clock, self._environment.keys)
                who = await speaker(session, self._environment, request, shops=shops)
                rows = await listed(deps, who, request, limit + 1)
                found = page(rows, limit, lambda row: shown(deps, row))
            return json(found)

        return page_of


def id_of(request: AnyRequest, name: str = "placeId") -> UUID | None:
    """Return what a list is asked for by an id. Raises RequestError."""
    text = request.query_params.get(name)
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise RequestError(f"{name} is no id", fix="Send it as a list has it.") from error
