"""``/entries``: how departments' entries come into the catalogue. What happens is services_catalog.lifecycle.flow's."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Meta, Struct
from redis.asyncio import Redis

from gateway.http.departments import REFUSALS, AnyRequest, body, json, publisher
from kernel.clock import Clock
from kernel.database import Database
from services_catalog.entries.document import EntryDocument, read_entry
from services_catalog.entries.errors import EntryInvalidError
from services_catalog.entries.words import Line
from services_catalog.lifecycle.flow import EntryFlow
from services_catalog.lifecycle.listing import STATES, Wanted
from services_catalog.strict_reading import defects, pointer
from supergraph.findings import Finding

MAX_ENTRY_BYTES = 2**20  # the longest of real guides has some 60 kB
MAX_CHECKED = 500  # documents at a time
_MAX_CHECK_BYTES = 32 * 2**20
_MAX_STEP_BYTES = 2**16
_REFERENCE = "docs/catalogue.md describes what is sent."
MaybeLine = Annotated[str, Meta(max_length=1000, description="One line of text, up to 1,000 characters.")]
_T = TypeVar("_T", bound=Struct)


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """Steps that say nothing but themselves."""


class Reason(Struct, frozen=True, forbid_unknown_fields=True):
    """Steps that may be explained."""

    reason: MaybeLine = ""


class NeededReason(Struct, frozen=True, forbid_unknown_fields=True):
    """Steps that residents, or the department, will ask about."""

    reason: Line


class Rejection(Struct, frozen=True, forbid_unknown_fields=True):
    """Why: by field, and for the whole; one of them at least."""

    reasons: dict[str, Line] = {}
    reason: MaybeLine = ""


class At(Struct, frozen=True, forbid_unknown_fields=True):
    """When, with its time zone."""

    at: Annotated[datetime, Meta(tz=True)]


class ToCheck(Struct, frozen=True, forbid_unknown_fields=True):
    """Documents, and operations of the graph that will be live when they are published."""

    documents: Annotated[list[dict[str, Any]], Meta(max_length=MAX_CHECKED)]
    operations: tuple[str, ...] = ()


class EntryRoutes:
    """The handlers, with what they need."""

    def __init__(self, database: Database, redis: Redis, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._flow = EntryFlow(database, redis, clock)

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""
        flow = self._flow
        return [
            *self._reading(),
            self._drafting(),
            self._checking(),
            self._step("submit", Nothing, lambda actor, code, _: flow.submit(actor, code)),
            self._step("recall", Nothing, lambda actor, code, _: flow.recall(actor, code)),
            self._step("take", Nothing, lambda actor, code, _: flow.take(actor, code)),
            self._step("release", Nothing, lambda actor, code, _: flow.release(actor, code)),
            self._step("approve", Reason, lambda actor, code, said: flow.approve(actor, code, said.reason)),
            self._step(
                "reject", Rejection, lambda actor, code, said: flow.reject(actor, code, said.reasons, said.reason)
            ),
            self._step("schedule", At, lambda actor, code, said: flow.schedule(actor, code, said.at)),
            self._step("publish", Reason, lambda actor, code, said: flow.publish(actor, code, said.reason)),
            self._step("suspend", NeededReason, lambda actor, code, said: flow.suspend(actor, code, said.reason)),
            self._step("resume", Reason, lambda actor, code, said: flow.resume(actor, code, said.reason)),
            self._step("withdraw", NeededReason, lambda actor, code, said: flow.withdraw(actor, code, said.reason)),
        ]

    async def _actor(self, request: AnyRequest) -> str:
        asking = await publisher(self._database, self._clock, request)
        return f"credential:{asking.key_id}"

    def _step(
        self, name: str, says: type[Struct], work: Callable[[str, str, Any], Awaitable[object]]
    ) -> HTTPRouteHandler:
        @post(
            f"/entries/{{code:str}}/{name}",
            status_code=200,
            request_max_body_size=_MAX_STEP_BYTES,
            exception_handlers=REFUSALS,
        )
        async def step(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
            actor = await self._actor(request)
            return json(await work(actor, code, await _said(request, says, _MAX_STEP_BYTES)))

        return step

    def _drafting(self) -> HTTPRouteHandler:
        @put("/entries/{code:str}", request_max_body_size=MAX_ENTRY_BYTES, exception_handlers=REFUSALS)
        async def draft(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
            actor = await self._actor(request)
            document = read_entry(await body(request, dict[str, Any], MAX_ENTRY_BYTES))
            if document.code != code:
                raise EntryInvalidError.at("/code", f"the document is of {document.code}", f"PUT it to that: {code}.")
            return json(await self._flow.draft(actor, document))

        return draft

    def _checking(self) -> HTTPRouteHandler:
        @post("/entries/check", status_code=200, request_max_body_size=_MAX_CHECK_BYTES, exception_handlers=REFUSALS)
        async def check(request: AnyRequest) -> Response[bytes]:
            actor = await self._actor(request)
            wanted = await _said(request, ToCheck, _MAX_CHECK_BYTES)
            documents = _read_all(wanted.documents)
            return json(await self._flow.check(actor, documents, frozenset(wanted.operations)))

        return check

    def _reading(self) -> list[HTTPRouteHandler]:
        flow = self._flow

        @get("/entries", exception_handlers=REFUSALS)
        async def entries(request: AnyRequest) -> Response[bytes]:
            return json(await flow.listed(await self._actor(request), _wanted(request)))

        @get("/entries/documents", exception_handlers=REFUSALS)
        async def documents(request: AnyRequest) -> Response[bytes]:
            return json(await flow.documents(await self._actor(request), _wanted(request)))

        @get("/entries/inbox", exception_handlers=REFUSALS)
        async def inbox(request: AnyRequest) -> Response[bytes]:
            return json(await flow.inbox(await self._actor(request)))

        @get("/entries/{code:str}", exception_handlers=REFUSALS)
        async def entry(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
            return json(await flow.view(await self._actor(request), code))

        @get("/entries/{code:str}/history", exception_handlers=REFUSALS)
        async def history(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
            return json(await flow.history(await self._actor(request), code))

        @get("/entries/{code:str}/drift", exception_handlers=REFUSALS)
        async def drift(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
            return json(await flow.drift(await self._actor(request), code))

        return [entries, documents, inbox, entry, history, drift]


async def _said(request: AnyRequest, type_: type[_T], most: int) -> _T:
    """Return what a request says, every defect named with its place. Without a body it says nothing."""
    plain = await body(request, Any, most, b"{}")
    if found := [*defects(plain, type_, "", _REFERENCE)]:
        raise EntryInvalidError(found)
    return msgspec.convert(plain, type_)


def _read_all(raw: list[dict[str, Any]]) -> list[EntryDocument]:
    """Read documents. Raises EntryInvalidError with the defects of all of them."""
    read: list[EntryDocument] = []
    found: list[Finding] = []
    for at, each in enumerate(raw):
        try:
            read.append(read_entry(each))
        except EntryInvalidError as error:
            where = pointer("/documents", at)
            found += [msgspec.structs.replace(defect, pointer=where + defect.pointer) for defect in error.findings]
    if found:
        raise EntryInvalidError(found)
    return read


def _wanted(request: AnyRequest) -> Wanted:
    given = dict(request.query_params)
    if found := [*defects(given, Wanted, "", _REFERENCE)]:
        raise EntryInvalidError(found)
    if (state := given.get("state", "")) and state not in STATES:
        raise EntryInvalidError.at("/state", f"no entry is {state!r}", f"One of: {', '.join(sorted(STATES))}.")
    return Wanted(**given)
