"""One request of staff: who asks and by which door, what they say, in one transaction that the audit log has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from litestar.exceptions import HTTPException
from msgspec import Meta, Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.credentials import authenticate
from flows.appointments import holding
from flows.appointments.booking_tables import Booking
from flows.appointments.cases.doors import Door, offices_of
from flows.appointments.cases.serving import Served
from flows.appointments.cases.viewing import CaseView, view_of
from flows.appointments.holding import Hold
from gateway.errors import RequestError, RequestTooLargeError, StaffRoleMissingError
from gateway.http.departments import AnyRequest
from gateway.http.devices import said
from gateway.http.staff import staff
from kernel.audit.entries import Detail, Event, append
from kernel.clock import Clock
from kernel.control_characters import has_control
from schema.context import Platform

MOST_BYTES = 2**14
REFERENCE = "docs/desks.md has the fields."
_T = TypeVar("_T", bound=Struct)

Code = Annotated[str, Meta(min_length=1, max_length=60)]
Line = Annotated[str, Meta(max_length=100)]
IdNumber = Annotated[str, Meta(min_length=1, max_length=40)]


class Said(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a request says; what is not known is refused."""


class Desks:
    """What the routes work with."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    @property
    def clock(self) -> Clock:
        return self.platform.environment.clock

    @asynccontextmanager
    async def serving(self, request: AnyRequest) -> AsyncIterator[Served]:
        """One transaction of somebody at a door. Raises CredentialRefusedError, StaffRoleMissingError."""
        async with self.platform.database.session() as session:
            door = await door_of(session, self.clock, request)
            yield Served(session, self.platform.appointments, self.platform.environment.keys, door)

    @asynccontextmanager
    async def confirming(self, request: AnyRequest, whom: str | UUID, hold: str) -> AsyncIterator[tuple[Served, Hold]]:
        """The same with what is held; a department's own system is waited for in no transaction.

        Raises HoldRefusedError, SystemAwayError, and as ``serving``.
        """
        async with self.serving(request) as served:
            made = served.opened(whom, hold)
        async with holding.turn(served.desk, made), self.serving(request) as served:
            yield served, made

    async def shown(self, served: Served, row: Booking, action: str) -> CaseView:
        """Return a case as the door sees it, and audit what was done with it: the last act of its transaction."""
        view = await view_of(served.session, served.desk.cipher, served.door, row)
        await self.audit(served, action, f"booking:{row.id}")
        return view

    async def audit(self, served: Served, action: str, object_: str, **details: Detail) -> None:
        details |= {"door": served.door.name}
        event = Event(actor=served.door.actor, action=action, object=object_, details=details)
        await append(served.session, self.clock, event)


async def door_of(session: AsyncSession, clock: Clock, request: AnyRequest) -> Door:
    """Say where one of the staff stands: at a counter of the office that ``?office=`` names, else at the hotline."""
    if office := request.query_params.get("office", ""):
        who = await staff(session, clock, request, office, "serve_residents")
        return Door(who.actor, who.office, [who.office])
    asking = await authenticate(session, clock, request.headers.get("authorization", ""))
    actor = f"credential:{asking.key_id}"
    offices = await offices_of(session, clock, actor, "answer_hotline")
    if not offices:
        raise StaffRoleMissingError(
            "You answer no hotline",
            fix="Name your office, ?office=CODE, or ask the platform's operator: "
            f"yiwang role grant {actor} hotline --at ORGANISATION.",
        )
    return Door(actor, None, offices)


async def read(request: AnyRequest, type_: type[_T]) -> _T:
    """Return what a request says, before a transaction waits for it. Raises RequestError, RequestTooLargeError."""
    try:
        read_ = said(await request.body() or b"{}", type_, REFERENCE)
    except HTTPException as error:
        raise RequestTooLargeError(f"The body is longer than {MOST_BYTES} bytes", fix="Send what is needed.") from error
    if has_control(msgspec.to_builtins(read_)):
        raise RequestError("A text has control characters", fix="Leave them out.")
    return read_
