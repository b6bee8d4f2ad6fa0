"""One request of an office's staff: who asks, what they say, what they did, and the hall as it stands then."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from litestar import Response
from litestar.exceptions import HTTPException
from msgspec import Meta, Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.deps import Deps
from flows.appointments.errors import UnknownBookingError
from flows.appointments.hall.tables import HallTicket
from flows.appointments.hall.viewing import HallView, hall_of
from gateway.errors import RequestTooLargeError
from gateway.http.departments import AnyRequest, json
from gateway.http.devices import said
from gateway.http.halls.showing import Screen, screen_of
from gateway.http.staff import staff
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.database import Database
from services_catalog.organisations.roles import may

MOST_BYTES = 2**12
_T = TypeVar("_T")

Code = Annotated[str, Meta(min_length=1, max_length=60, pattern="^[ -~]*$", description="A code, in ASCII.")]


class Said(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request says; what is not known is refused."""


class Number(Struct, frozen=True, rename="camel"):
    """The ticket that a request was about."""

    id: UUID
    number: str
    service: str


class Done(Struct, frozen=True):
    """What came of a request: the ticket, null if nobody waits or none was meant, and the hall since then.

    ``now`` is the platform's clock: a minute after a call is told by it.
    """

    now: datetime
    ticket: Number | None
    hall: HallView


Work = Callable[[Deps, str], Awaitable[HallTicket | None]]
"""Done in one transaction, for an actor."""


class HallDesk:
    """What the routes of halls work with."""

    def __init__(self, database: Database, clock: Clock, cipher: FieldCipher) -> None:
        self.database, self.clock, self.cipher = database, clock, cipher

    async def act(self, request: AnyRequest, office: str, work: Work) -> Response[bytes]:
        """Do what one of the staff asks for. Raises as ``staff`` and the work do."""
        async with self.database.session() as session:
            who = await staff(session, self.clock, request, office, "serve_residents")
            ticket = await work(Deps(session, self.clock), who.actor)
            await session.flush()
            if ticket is not None and ticket.office != office:  # a ticket's id alone says nothing of where it is
                raise UnknownBookingError(f"There is no such ticket at {office}", fix="Take one of the hall's.")
            hall = await self.hall(session, office)
            told = Number(ticket.booking_id, ticket.number, ticket.service) if ticket is not None else None
        return json(Done(self.clock.now(), told, hall))

    async def hall(self, session: AsyncSession, office: str) -> HallView:
        return await hall_of(session, self.clock, self.cipher, office)

    async def shown(self, session: AsyncSession, request: AnyRequest, office: str) -> HallView | Screen:
        """Return of a hall what the one who asks may see. Raises as ``staff`` does."""
        serves = await self.serves(session, request, office)
        hall = await self.hall(session, office)
        return hall if serves else screen_of(hall)

    async def serves(self, session: AsyncSession, request: AnyRequest, office: str) -> bool:
        """Say whether one who may see a hall serves there, too. Raises as ``staff`` does."""
        who = await staff(session, self.clock, request, office, "show_hall")
        return await may(session, self.clock, who.actor, "serve_residents", who.office.organisation)


async def read(request: AnyRequest, type_: type[_T]) -> _T:
    """Return what a request says, before a transaction waits for it. Raises RequestError, RequestTooLargeError."""
    try:
        text = await request.body()
    except HTTPException as error:
        raise RequestTooLargeError(f"The body is longer than {MOST_BYTES} bytes", fix="Send what is needed.") from error
    return said(text or b"{}", type_, "docs/halls.md has the fields.")


def id_of(text: str) -> UUID:
    """Return a ticket's id out of a path. Raises UnknownBookingError."""
    try:
        return UUID(text)
    except ValueError as error:
        raise UnknownBookingError(f"{text[:40]!r} is no ticket's id", fix="The hall has those of its own.") from error
