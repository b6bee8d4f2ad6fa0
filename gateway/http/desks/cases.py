"""``/desks/cases``: find a case, see it, and do something for its person."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta

from auth.residents.attempts import Limit, attempt
from flows.appointments.booking_tables import Booking
from flows.appointments.cases import serving
from flows.appointments.cases.looking_up import by_code, by_person, case_of
from flows.appointments.cases.reaching import of_booking
from flows.appointments.cases.serving import Served
from flows.appointments.cases.viewing import line_of
from flows.appointments.hall.reading import is_pass_code
from flows.appointments.persons import person_by_number, person_of
from flows.codes.redis_needed import needing_redis
from gateway.errors import RequestError
from gateway.http.departments import REFUSALS, AnyRequest, json
from gateway.http.desks.asking import MOST_BYTES, Desks, IdNumber, Line, Said, read
from gateway.http.halls.tickets import holder
from kernel.crypto.blind_index import normal_phone

LOOK_UPS = Limit("desk look-ups of persons", 120, 600)
"""By ID numbers, and of whom to ring: with a credential that was stolen nobody reads a whole city's."""

Reason = Annotated[str, Meta(pattern="^[a-z][a-z_]{2,39}$", description="Write a code such as person_asked.")]
Hold = Annotated[str, Meta(min_length=1, max_length=2000)]
Answers = Annotated[dict[str, Annotated[str, Meta(max_length=1000)]], Meta(max_length=50)]
Act = Callable[[Served, UUID, Any], Awaitable[Booking]]


class Find(Said, frozen=True, kw_only=True):
    """By one of them: a code of the case or, at a counter, its person's pass code; or an ID number."""

    code: Annotated[str, Meta(max_length=400)] = ""
    id_number: IdNumber = ""


class Book(Said, frozen=True, kw_only=True):
    """For whom what is held is booked. ``name`` and ``phone``: where no account says them."""

    hold: Hold
    id_number: IdNumber
    name: Line = ""
    phone: Line = ""
    companions: Annotated[tuple[IdNumber, ...], Meta(max_length=20)] = ()
    answers: Answers = msgspec.field(default_factory=dict)


class Move(Said, frozen=True, kw_only=True):
    """To what was held for the case, and why."""

    hold: Hold
    reason: Reason


class Why(Said, frozen=True, kw_only=True):
    """Why something is done for somebody."""

    reason: Reason


class Answered(Said, frozen=True, kw_only=True):
    """Answers by the names of their questions; empty takes one back."""

    answers: Answers


class Note(Said, frozen=True, kw_only=True):
    """What others who serve this case should know."""

    text: Annotated[str, Meta(min_length=1, max_length=1000)]


def case_routes(desks: Desks) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""

    async def cancel(served: Served, case_id: UUID, said: Why) -> Booking:
        return await serving.cancel(served, case_id, said.reason)

    async def answer(served: Served, case_id: UUID, said: Answered) -> Booking:
        return await serving.answer(served, case_id, said.answers)

    async def excuse(served: Served, case_id: UUID, said: Why) -> Booking:
        return await serving.excuse_for(served, case_id, said.reason)

    return [
        _find(desks),
        _see(desks),
        _ring(desks),
        _book(desks),
        _move(desks),
        _act(desks, "cancel", Why, cancel, "case.cancelled"),
        _act(desks, "answers", Answered, answer, "case.answered"),
        _act(desks, "excuse", Why, excuse, "case.excused"),
        _note(desks),
    ]


def _find(desks: Desks) -> HTTPRouteHandler:
    @post("/desks/cases/find", status_code=200, request_max_body_size=MOST_BYTES, exception_handlers=REFUSALS)
    async def find(request: AnyRequest) -> Response[bytes]:
        said = await read(request, Find)
        if bool(said.code) == bool(said.id_number):
            raise RequestError("One of code and idNumber is needed", fix="Send one of them, and not both.")
        shown = await _shown(desks, request, said.code) if is_pass_code(said.code) else None
        async with desks.serving(request) as served:
            if shown is not None:
                rows, about = await _by_account(served, shown), f"account:{shown}"
            elif said.id_number:
                rows, about = await _by_number(desks, served, said.id_number)
            else:
                rows, about = await _by_code(served, said.code)
            found = [await line_of(served.session, each) for each in rows]
            await desks.audit(served, "case.found", about, found=len(found))
        return json({"cases": found})

    return find


async def _shown(desks: Desks, request: AnyRequest, text: str) -> UUID:
    """Return whose pass code was shown at a counter. Raises PassCodeRefusedError."""
    if not (office := request.query_params.get("office", "")):
        raise RequestError("Pass codes are read at counters", fix="Ask for the appointment's own code.")
    return await holder(desks.platform.database, desks.platform.desk, request, office, text)


async def _by_account(served: Served, account_id: UUID) -> list[Booking]:
    return [*await by_person(served.session, served.door, await person_of(served.session, account_id))]


async def _by_code(served: Served, code: str) -> tuple[list[Booking], str]:
    row = await by_code(served.session, served.door, code)
    return [row], f"booking:{row.id}"


async def _by_number(desks: Desks, served: Served, id_number: str) -> tuple[list[Booking], str]:
    """Whoever could try many numbers would learn who has an appointment."""
    with needing_redis("Nobody can be looked up by their ID number at the moment", fix="Ask for the code."):
        await attempt(desks.platform.environment.redis, LOOK_UPS, served.door.actor)
    person = await person_by_number(served.session, served.keys, id_number)
    return [*await by_person(served.session, served.door, person)], f"person:{person[0].hex()}"


def _see(desks: Desks) -> HTTPRouteHandler:
    @get("/desks/cases/{case:uuid}", exception_handlers=REFUSALS)
    async def see(request: AnyRequest) -> Response[bytes]:
        async with desks.serving(request) as served:
            row = await case_of(served.session, served.door, request.path_params["case"])
            view = await desks.shown(served, row, "case.seen")
        return json(view)

    return see


def _ring(desks: Desks) -> HTTPRouteHandler:
    @post("/desks/cases/{case:uuid}/ring", status_code=200, exception_handlers=REFUSALS)
    async def ring(request: AnyRequest) -> Response[bytes]:
        async with desks.serving(request) as served:
            with needing_redis("Nobody's telephone can be shown at the moment"):
                await attempt(desks.platform.environment.redis, LOOK_UPS, served.door.actor)
            row = await case_of(served.session, served.door, request.path_params["case"])
            person = await of_booking(served.session, served.desk.cipher, row)
            await desks.audit(served, "case.person_read", f"booking:{row.id}")
        return json({"name": person.name, "phone": person.phone})

    return ring


def _book(desks: Desks) -> HTTPRouteHandler:
    @post("/desks/cases", status_code=200, request_max_body_size=MOST_BYTES, exception_handlers=REFUSALS)
    async def book(request: AnyRequest) -> Response[bytes]:
        said = await read(request, Book)
        phone = normal_phone(said.phone) if said.phone else ""
        whom = serving.Caller(said.id_number, said.name.strip(), phone)
        async with desks.confirming(request, said.id_number, said.hold) as (served, made):
            row = await serving.book(served, made, whom, said.answers, said.companions)
            view = await desks.shown(served, row, "case.booked")
        return json(view)

    return book


def _move(desks: Desks) -> HTTPRouteHandler:
    path = "/desks/cases/{case:uuid}/move"

    @post(path, status_code=200, request_max_body_size=MOST_BYTES, exception_handlers=REFUSALS)
    async def move(request: AnyRequest) -> Response[bytes]:
        said, case_id = await read(request, Move), request.path_params["case"]
        async with desks.confirming(request, case_id, said.hold) as (served, made):
            row = await serving.move(served, case_id, made, said.reason)
            view = await desks.shown(served, row, "case.moved")
        return json(view)

    return move


def _act(desks: Desks, name: str, type_: type[Said], work: Act, action: str) -> HTTPRouteHandler:
    path = f"/desks/cases/{{case:uuid}}/{name}"

    @post(path, status_code=200, request_max_body_size=MOST_BYTES, exception_handlers=REFUSALS)
    async def act(request: AnyRequest) -> Response[bytes]:
        said = await read(request, type_)
        async with desks.serving(request) as served:
            row = await work(served, request.path_params["case"], said)
            view = await desks.shown(served, row, action)
        return json(view)

    return act


def _note(desks: Desks) -> HTTPRouteHandler:
    path = "/desks/cases/{case:uuid}/notes/{note:uuid}"

    @put(path, status_code=200, request_max_body_size=MOST_BYTES, exception_handlers=REFUSALS)
    async def note(request: AnyRequest) -> Response[bytes]:
        said = await read(request, Note)
        async with desks.serving(request) as served:
            ids = request.path_params
            row = await serving.note(served, ids["case"], ids["note"], said.text)
            view = await desks.shown(served, row, "case.noted")
        return json(view)

    return note
