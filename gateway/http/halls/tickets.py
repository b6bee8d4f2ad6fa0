"""``POST /halls/{office}/check-in`` and ``…/tickets``: who comes to a hall, comes back, or leaves.

Whoever is checked in, back in the line or gone already is answered as they stand. A ticket needs an Idempotency-Key.
"""

import hashlib
from typing import Annotated
from uuid import UUID

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Meta

from flows.appointments.deps import Deps
from flows.appointments.hall import requeueing
from flows.appointments.hall.arriving import WalkIn, check_in, take_ticket
from flows.appointments.hall.reading import booking_by_code, holder_shown, is_pass_code, visit_of
from flows.appointments.hall.tables import HallTicket
from flows.appointments.tables import AppointmentOffice
from flows.codes.desk import Desk
from flows.codes.errors import PassCodeRefusedError
from gateway.http.departments import REFUSALS, AnyRequest, idempotency_key
from gateway.http.halls.asking import MOST_BYTES, Code, HallDesk, Said, id_of, read
from gateway.http.staff import staff
from kernel.database import Database


class CheckIn(Said, frozen=True, kw_only=True):
    """What was scanned or typed: a resident's pass code, or an appointment's code."""

    code: Annotated[str, Meta(min_length=1, max_length=400, pattern="^[ -~]*$", description="A code, in ASCII.")]


class Ticket(Said, frozen=True, kw_only=True):
    """For which service; ``priority`` comes before others."""

    service: Code
    priority: bool = False


def ticket_routes(desk: HallDesk, codes: Desk) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    return [_check_in(desk, codes), _tickets(desk), *(_step(desk, name) for name in ("requeue", "leave"))]


def _check_in(desk: HallDesk, codes: Desk) -> HTTPRouteHandler:
    @post(
        "/halls/{office:str}/check-in",
        status_code=200,
        request_max_body_size=MOST_BYTES,
        exception_handlers=REFUSALS,
    )
    async def checked_in(request: AnyRequest, office: FromPath[str]) -> Response[bytes]:
        code = (await read(request, CheckIn)).code.strip()
        shown = await holder(desk.database, codes, request, office, code) if is_pass_code(code) else None

        async def work(deps: Deps, actor: str) -> HallTicket:
            if shown is None:
                return await check_in(deps, await booking_by_code(deps.session, code), "desk", office, actor)
            here = await deps.session.get_one(AppointmentOffice, office)
            visit = await visit_of(deps.session, deps.clock, here, shown)
            return await check_in(deps, visit, "pass_code", office, actor)

        return await desk.act(request, office, work)

    return checked_in


async def holder(database: Database, codes: Desk, request: AnyRequest, office: str, text: str) -> UUID:
    """Return whose pass code it is, in a transaction of its own: that it was read stands, whatever comes of it.

    Raises PassCodeRefusedError.
    """
    async with database.session() as session:
        who = await staff(session, codes.clock, request, office, "serve_residents")
        request_id = hashlib.sha256(f"{who.actor} {text}".encode()).hexdigest()[:32]
        found = await holder_shown(session, codes, who.office, text, request_id)
    if isinstance(found, PassCodeRefusedError):
        raise found
    return found


def _tickets(desk: HallDesk) -> HTTPRouteHandler:
    @post(
        "/halls/{office:str}/tickets",
        status_code=200,
        request_max_body_size=MOST_BYTES,
        exception_handlers=REFUSALS,
    )
    async def tickets(request: AnyRequest, office: FromPath[str]) -> Response[bytes]:
        said, key = await read(request, Ticket), idempotency_key(request)

        async def work(deps: Deps, actor: str) -> HallTicket:
            once = f"{actor} {said.service} {said.priority} {key}"
            return await take_ticket(
                deps, office, WalkIn(service=said.service, is_priority=said.priority, key=once), actor
            )

        return await desk.act(request, office, work)

    return tickets


def _step(desk: HallDesk, name: str) -> HTTPRouteHandler:
    step = {"requeue": requeueing.requeue, "leave": requeueing.leave}[name]
    path = f"/halls/{{office:str}}/tickets/{{ticket:str}}/{name}"

    @post(path, name=path, status_code=200, request_max_body_size=MOST_BYTES, exception_handlers=REFUSALS)
    async def taken(request: AnyRequest, office: FromPath[str], ticket: FromPath[str]) -> Response[bytes]:
        await read(request, Said)
        booking_id = id_of(ticket)
        return await desk.act(request, office, lambda deps, actor: step(deps, booking_id, actor))

    return taken
