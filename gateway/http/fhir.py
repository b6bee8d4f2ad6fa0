"""``/fhir/…``: appointments as HL7 FHIR R4 for hospitals' systems, read alone (docs/fhir.md)."""

import re
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from auth.provider.environment import Environment
from auth.sessions.access_tokens import APPOINTMENTS
from flows.appointments.deps import Deps
from flows.appointments.fhir import slots, visits
from flows.appointments.fhir.capability import SCOPE, SEARCHED, capability
from flows.appointments.fhir.dates import span_of
from flows.appointments.fhir.errors import FhirNotFoundError, FhirParameterError
from flows.appointments.fhir.schedules import schedules
from flows.appointments.fhir.statuses import SLOT_STATUSES, STATUSES, states_of
from flows.appointments.fhir.wire import Resource
from gateway.http.departments import AnyRequest, refusals
from gateway.http.programs import program
from kernel.control_characters import has_control
from kernel.database import Database, driver
from kernel.errors import YiwangError

_TYPE = "application/fhir+json"
_USUAL, _MOST = 50, 200
_FORMATS = {"json", "application/json", _TYPE}
_ISSUES = {400: "invalid", 401: "login", 403: "forbidden", 404: "not-found", 503: "transient"}
"""Issue types (https://hl7.org/fhir/R4/valueset-issue-type.html) by HTTP's status."""
_PAGING = {"_count": str(_USUAL), "_after": "", "_format": "json"}
_SEARCH = "Search for it: its type alone lists what there is."
_ID = re.compile(r"[1-9]\d{0,17}", re.ASCII)

_Id = TypeVar("_Id")
_R = TypeVar("_R", bound=Resource)


class _Asked(NamedTuple):
    """A search: its parameters, how many are wanted and behind which one."""

    kind: str
    given: dict[str, list[str]]
    most: int
    after: str


def fhir_routes(database: Database, environment: Environment) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    base = f"{environment.issuer}/fhir"

    @get("/fhir/metadata", exception_handlers=_REFUSALS)
    async def metadata() -> Response[bytes]:
        """Say what is served."""
        return _json(capability(base))

    @get("/fhir/Schedule", exception_handlers=_REFUSALS)
    async def search_schedules(request: AnyRequest) -> Response[bytes]:
        """Return schedules, or those of a service."""
        asked = _asked(request, "Schedule")
        service = _only(asked, "service-type")
        after = _uuid(asked.after) if asked.after else None
        async with database.snapshot() as session:
            connection = await driver(session)
            found = await schedules(connection, base, service=service, after=after, limit=asked.most + 1)
        return _bundle(base, asked, found, lambda last: last.id)

    @get("/fhir/Schedule/{id:str}", exception_handlers=_REFUSALS)
    async def read_schedule(id: FromPath[str]) -> Response[bytes]:  # noqa: A002 - the path's
        """Return a schedule."""
        async with database.snapshot() as session:
            return _one(await schedules(await driver(session), base, id=_uuid(id)))

    @get("/fhir/{rest:path}", exception_handlers=_REFUSALS)
    async def other(rest: FromPath[str]) -> Response[bytes]:
        """Say that it is not served. Raises FhirNotFoundError."""
        raise FhirNotFoundError(f"{rest.lstrip('/')} is not served", fix=f"{base}/metadata says what is.")

    others = [*_slot_routes(database, base), *_appointment_routes(database, environment, base)]
    return [metadata, search_schedules, read_schedule, *others, other]


def _slot_routes(database: Database, base: str) -> list[HTTPRouteHandler]:
    @get("/fhir/Slot", exception_handlers=_REFUSALS)
    async def search_slots(request: AnyRequest) -> Response[bytes]:
        """Return the slots of schedules, by their starts."""
        asked = _asked(request, "Slot")
        named = _tokens(asked, "schedule")
        if not named:
            raise FhirParameterError("No schedule is named", fix="Name one, or several with commas: schedule=ID,ID.")
        wanted = slots.Wanted(
            schedules=[_uuid(each.removeprefix("Schedule/")) for each in named],
            span=span_of("start", asked.given.get("start", ())),
            statuses=_statuses(asked, SLOT_STATUSES),
            limit=asked.most + 1,
        )
        if asked.after:
            wanted = wanted._replace(after=slots.Place(*_place(asked.after, _number)))
        async with database.snapshot() as session:
            found = await slots.slots(await driver(session), base, wanted)
        return _bundle(base, asked, found, lambda last: f"{last.start.isoformat()}_{last.id}")

    @get("/fhir/Slot/{id:str}", exception_handlers=_REFUSALS)
    async def read_slot(id: FromPath[str]) -> Response[bytes]:  # noqa: A002 - the path's
        """Return a slot."""
        async with database.snapshot() as session:
            found = await slots.slot(await driver(session), base, int(id)) if _ID.fullmatch(id) else None
        return _one([] if found is None else [found])

    return [search_slots, read_slot]


def _appointment_routes(database: Database, environment: Environment, base: str) -> list[HTTPRouteHandler]:
    @get("/fhir/Appointment", exception_handlers=_REFUSALS)
    async def search_appointments(request: AnyRequest) -> Response[bytes]:
        """Return the appointments of the asking program's department."""
        async with database.session() as session:
            of = await program(session, environment, request, APPOINTMENTS, (SCOPE,))
            asked = _asked(request, "Appointment")
            code = _only(asked, "identifier")
            if code is None and "date" not in asked.given:
                raise FhirParameterError("Neither date nor identifier is given", fix="Ask for days: date=ge2026-12-01.")
            wanted = visits.Wanted(
                span=span_of("date", asked.given.get("date", ())),
                states=states_of(frozenset(_statuses(asked, {*STATUSES.values()}))),
                code=code,
                limit=asked.most + 1,
            )
            if asked.after:
                wanted = wanted._replace(after=visits.Place(*_place(asked.after, UUID)))
            found = await visits.visits(Deps(session, environment.clock), base, of.department, wanted)
        return _bundle(base, asked, found, lambda last: f"{last.start.isoformat()}_{last.id}")

    @get("/fhir/Appointment/{id:str}", exception_handlers=_REFUSALS)
    async def read_appointment(request: AnyRequest, id: FromPath[str]) -> Response[bytes]:  # noqa: A002 - the path's
        """Return an appointment of the asking program's department."""
        async with database.session() as session:
            of = await program(session, environment, request, APPOINTMENTS, (SCOPE,))
            deps = Deps(session, environment.clock)
            return _one(await visits.visits(deps, base, of.department, visits.Wanted(id=_uuid(id))))

    return [search_appointments, read_appointment]


def _asked(request: AnyRequest, kind: str) -> _Asked:
    """Read a search. What is not known here is refused: without it more would be found. Raises FhirParameterError."""
    given: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        given.setdefault(name, []).append(value)
    if has_control(given):
        raise FhirParameterError("A parameter has control characters", fix="Leave them out.")
    known = [*SEARCHED[kind], "_count", "_after", "_format"]
    if unknown := sorted({*given} - {*known}):
        raise FhirParameterError(f"{', '.join(unknown)} cannot be searched by", fix=f"There are {', '.join(known)}.")
    count, after, form = (given.get(name, [usual])[-1] for name, usual in _PAGING.items())
    if form not in _FORMATS:
        raise FhirParameterError(f"_format is {form!r}", fix="This is JSON alone.")
    if not (count.isascii() and count.isdigit() and int(count[:9]) > 0):
        raise FhirParameterError(f"_count is {count!r}", fix=f"Ask for 1 to {_MOST}.")
    return _Asked(kind, given, min(int(count[:9]), _MOST), after)


def _tokens(asked: _Asked, name: str) -> list[str]:
    """Return what stands between a parameter's commas. Raises FhirParameterError."""
    given = asked.given.get(name, [])
    if len(given) > 1:
        raise FhirParameterError(f"{name} is given more than once", fix="Give several values with commas.")
    return [each for text in given for each in text.split(",") if each]


def _only(asked: _Asked, name: str) -> str | None:
    """Return a token's code, with or without its system; None if it is not given. Raises FhirParameterError."""
    given = _tokens(asked, name)
    if len(given) > 1:
        raise FhirParameterError(f"{name} has more than one value", fix="Ask for one at a time.")
    return given[0].rpartition("|")[2] if given else None


def _statuses(asked: _Asked, known: Collection[str]) -> Collection[str]:
    given = _tokens(asked, "status")
    if wrong := sorted({*given} - {*known}):
        raise FhirParameterError(f"status is {', '.join(wrong)}", fix=f"There are {', '.join(sorted(known))}.")
    return given or known


def _uuid(text: str) -> UUID:
    """Read an id of ours; another one is nobody's. Raises FhirNotFoundError."""
    try:
        return UUID(text)
    except ValueError as error:
        raise FhirNotFoundError(f"There is no {text!r}", fix=_SEARCH) from error


def _number(text: str) -> int:
    """Read a slot's id, which the database can count to. Raises ValueError."""
    if not _ID.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _place(text: str, kind: Callable[[str], _Id]) -> tuple[datetime, _Id]:
    """Read where a page begins. Raises FhirParameterError."""
    at, _, last = text.partition("_")
    try:
        moment = datetime.fromisoformat(at.replace(" ", "+"))
        return moment.astimezone(UTC), kind(last)
    except (ValueError, OverflowError) as error:
        raise FhirParameterError("_after is no page", fix="Follow the link `next` of the page before.") from error


def _one(found: Sequence[Resource]) -> Response[bytes]:
    if not found:
        raise FhirNotFoundError("There is no such resource", fix=_SEARCH)
    return _json(found[0])


def _bundle(base: str, asked: _Asked, found: Sequence[_R], cursor: Callable[[_R], str]) -> Response[bytes]:
    """Answer with a page, of resources that one more was asked for than are wanted."""
    page, own = found[: asked.most], [(name, each) for name, values in asked.given.items() for each in values]
    links = [{"relation": "self", "url": _url(base, asked.kind, own)}]
    if len(found) > asked.most:
        onward = [(name, value) for name, value in own if name != "_after"] + [("_after", cursor(page[-1]))]
        links.append({"relation": "next", "url": _url(base, asked.kind, onward)})
    entries = [
        {"fullUrl": f"{base}/{asked.kind}/{each.id}", "resource": each, "search": {"mode": "match"}} for each in page
    ]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": links}
    return _json(bundle | ({"entry": entries} if entries else {}))  # FHIR has no empty lists


def _url(base: str, kind: str, given: Sequence[tuple[str, str]]) -> str:
    return f"{base}/{kind}?{urlencode(given)}" if given else f"{base}/{kind}"


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    private = {"cache-control": "no-store"} | (headers or {})
    return Response(msgspec.json.encode(value), status_code=status, media_type=_TYPE, headers=private)


def _refused(_: AnyRequest, error: YiwangError) -> Response[bytes]:
    """Answer with an OperationOutcome, whose details have the platform's own code."""
    code = _ISSUES.get(error.http_status, "processing")
    details = {"coding": [{"system": "urn:yiwang:errors", "code": error.code}]}
    issue = {"severity": "error", "code": code, "details": details, "diagnostics": error.said}
    challenge = {"www-authenticate": "Bearer"} if error.http_status == HTTPStatus.UNAUTHORIZED else None
    return _json({"resourceType": "OperationOutcome", "issue": [issue]}, error.http_status, challenge)


_REFUSALS = refusals(_refused)
