"""``/pickups/{office}``: what an office's staff or programs file for residents, and hand out against a code.

docs/pickups.md describes it for them.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Meta, Struct

from auth.provider.environment import Environment
from auth.residents.attempts import Limit, guessing_if_counted
from flows.pickups import pickups
from flows.pickups.errors import UnknownPickupError
from flows.pickups.pickups import Deps, NewPickup, state_of, title_of
from flows.pickups.tables import Pickup
from gateway.errors import RequestError
from gateway.http.departments import REFUSALS, AnyRequest, body, json
from gateway.http.staff import Staff, staff
from kernel.control_characters import has_control
from kernel.database import Database

_S = TypeVar("_S", bound=Struct)

_MOST_BYTES = 10_000
_GUESSES = Limit("pick-up codes", 20, 600)
_REFERENCE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_FILED = "/pickups/{office:str}/filed/{reference:str}"
_USES = "/pickups/{office:str}/uses"


class _Said(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a program says; what is not known is refused."""


class Filing(_Said, frozen=True, kw_only=True):
    """What lies ready at ``office``, for whom, until when."""

    office: Annotated[str, Meta(min_length=1, max_length=60)]
    id_number: Annotated[str, Meta(max_length=30)]
    title: Annotated[str, Meta(min_length=1, max_length=60)]
    until: Annotated[datetime, Meta(tz=True)]


class Use(_Said, frozen=True, kw_only=True):
    """A code; ``use_id`` is the program's own name for this try: the same one when it asks again."""

    code: Annotated[str, Meta(min_length=1, max_length=40)]
    use_id: Annotated[str, Meta(min_length=8, max_length=64)]


class Shown(Struct, frozen=True, kw_only=True, rename="camel"):
    """A pick-up as staff sees it, who see neither whose it is nor its code."""

    id: UUID
    issuer: str
    reference: str
    office: str
    title: str
    state: str
    until: datetime
    ended_at: datetime | None


class Pickups:
    """The routes."""

    def __init__(self, database: Database, environment: Environment) -> None:
        self._database, self._environment = database, environment

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""

        @put(_FILED, request_max_body_size=_MOST_BYTES, exception_handlers=REFUSALS)
        async def file(request: AnyRequest, office: FromPath[str], reference: FromPath[str]) -> Response[bytes]:
            """File it, once however often it is sent."""
            given = msgspec.structs.asdict(await _read(request, Filing))
            async with self._asking(request, office) as (deps, who):
                said = NewPickup(issuer=office, reference=_checked(reference), **given)
                return json(_shown(deps, await pickups.file(deps, said, who.actor)))

        @get(_FILED, exception_handlers=REFUSALS)
        async def filed(request: AnyRequest, office: FromPath[str], reference: FromPath[str]) -> Response[bytes]:
            """Return how it stands."""
            async with self._asking(request, office) as (deps, _):
                return json(_shown(deps, await pickups.filed(deps.session, office, reference)))

        @delete(_FILED, status_code=200, exception_handlers=REFUSALS)
        async def withdraw(request: AnyRequest, office: FromPath[str], reference: FromPath[str]) -> Response[bytes]:
            """Withdraw it."""
            async with self._asking(request, office) as (deps, who):
                row = await pickups.filed(deps.session, office, reference, lock=True)
                await pickups.withdraw(deps, row, who.actor)
                return json(_shown(deps, row))

        @post(_USES, status_code=200, request_max_body_size=_MOST_BYTES, exception_handlers=REFUSALS)
        async def use(request: AnyRequest, office: FromPath[str]) -> Response[bytes]:
            """Use a code, once."""
            said, redis = await _read(request, Use), self._environment.redis
            async with (
                self._asking(request, office) as (deps, who),
                guessing_if_counted(redis, _GUESSES, who.actor, UnknownPickupError),
            ):
                return json(_shown(deps, await pickups.use(deps, who.office, said.code, said.use_id, who.actor)))

        return [file, filed, withdraw, use]

    @asynccontextmanager
    async def _asking(self, request: AnyRequest, office: str) -> AsyncIterator[tuple[Deps, Staff]]:
        """One transaction of who serves residents at an office."""
        async with self._database.session() as session:
            deps = Deps(session, self._environment.clock, self._environment.keys)
            yield deps, await staff(session, deps.clock, request, office, "serve_residents")


async def _read(request: AnyRequest, type_: type[_S]) -> _S:
    """Return what a program says, before a transaction waits for it. Raises RequestError, RequestTooLargeError."""
    said = await body(request, type_, _MOST_BYTES, reference="docs/pickups.yaml has the fields.")
    if has_control(msgspec.to_builtins(said)):
        raise RequestError("A text has control characters", fix="Leave them out.")
    return said


def _checked(reference: str) -> str:
    if not _REFERENCE.fullmatch(reference):
        raise RequestError("The reference is none", fix="Write 1 to 64 letters, digits, full stops, _ and -.")
    return reference


def _shown(deps: Deps, row: Pickup) -> Shown:
    same = {name: getattr(row, name) for name in ("id", "issuer", "reference", "office", "until")}
    same["ended_at"] = row.ended_at and row.ended_at.replace(microsecond=0)  # as in the graph
    return Shown(title=title_of(deps.keys, row), state=state_of(row, deps.clock.now()), **same)
