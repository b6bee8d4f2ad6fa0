"""Booking at a department's own system: the last act of the transaction that books here, so that both do or neither.

What is refused there is rolled back here. Where it stays open whether they have booked, or where our own transaction
fails after they have, a message of the outbox has them give it up: at least once, by an id that is never used again.

A system that hangs must not keep the others waiting: a few at a time are asked at one, before any connection of the
database is taken, and none while its circuit breaker is open.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.pairwise import department_sector, pairwise_subject
from flows.appointments.booking_tables import Booking
from flows.appointments.errors import SystemAwayError
from flows.appointments.messages import GIVE_UP_ELSEWHERE, SLOTS_ELSEWHERE, BookingElsewhere
from flows.appointments.systems.client import Clients
from flows.appointments.systems.wire import Refused, Told, Wish
from flows.appointments.tables import AppointmentResource, BookingSystem
from kernel.breaker import REFUSED, Breaker, BreakerRules
from kernel.clock import Clock
from kernel.database import Database, if_undone
from kernel.outbox import send

_AT_A_TIME = 3  # of a process's eight connections
_TURN_SECONDS = 5.0
_RULES = BreakerRules(consecutive=3)


class Doors:
    """Of one process and event loop: an ``Elsewhere`` of ``holding``."""

    def __init__(self, database: Database, clock: Clock, clients: Clients) -> None:
        self._database, self._clock, self._clients = database, clock, clients
        self._turns: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_AT_A_TIME))
        self._breakers: dict[str, Breaker] = defaultdict(lambda: Breaker(_RULES))

    @asynccontextmanager
    async def turn(self, system: str) -> AsyncIterator[None]:
        """Wait for one's turn there, in no transaction. Raises SystemAwayError."""
        turns = self._turns[system]
        try:
            async with asyncio.timeout(_TURN_SECONDS):
                await turns.acquire()
        except TimeoutError as error:
            raise _away() from error
        try:
            if self._breakers[system].refuses(_moment()):
                raise _away()
            yield
        finally:
            turns.release()

    async def book(self, session: AsyncSession, row: Booking) -> bool:
        """Book there what is booked here; False: it is taken. Raises SystemAwayError."""
        system, wish = await self._wish(session, row)
        breaker = self._breakers[system.code]
        ticket = breaker.enter(_moment())
        if ticket == REFUSED or system.closed_at is not None:
            breaker.withdrawn(ticket)
            raise _away()
        refused: list[Refused] = []
        if_undone(session, partial(self._undone, system.code, row.id, refused))  # rows know nothing after a rollback
        try:
            answer = await self._clients.of(system).book(row.id, wish)
        except SystemAwayError as error:
            breaker.failed(ticket, _moment())
            raise _away() from error
        except BaseException:
            breaker.withdrawn(ticket)
            raise
        breaker.succeeded(ticket, _moment())
        if answer is not None:
            refused.append(answer)
        return answer is None

    async def _wish(self, session: AsyncSession, row: Booking) -> tuple[BookingSystem, Wish]:
        of = (
            select(BookingSystem, AppointmentResource.code)
            .join(AppointmentResource, AppointmentResource.system == BookingSystem.code)  # type: ignore[arg-type]  # a column
            .where(AppointmentResource.id == row.resource_id, BookingSystem.code == row.system)
        )
        found = (await session.exec(of)).first()
        if found is None:  # the file of offices has just taken the resource away from it
            raise _away()
        system, resource = found
        resident = ""
        if row.account_id is not None:
            sector = department_sector(system.department)
            resident = await pairwise_subject(session, self._clock, sector, row.account_id)
        wish = Wish(
            office=row.office,
            resource=resource,
            service=row.service,
            starts=row.starts_at,
            ends=row.ends_at,
            people=row.people,
            channel=row.channel,
            code=row.code,
            resident=resident,
            replaces=row.replaces,
        )
        return system, wish

    async def _undone(self, system: str, booking_id: UUID, refused: Sequence[Refused]) -> None:
        """After a rollback: have them give up what they may have booked, or a worker take over how their slots stand.

        It only sends a message, and reads and locks nothing: a resident waits here, and the outbox tries again.
        """
        async with self._database.session() as session:
            if refused:
                given = tuple(bytes(each).decode(errors="replace") for each in refused[0].slots)
                send(session, self._clock, SLOTS_ELSEWHERE, Told(system, given))
            else:
                send(session, self._clock, GIVE_UP_ELSEWHERE, BookingElsewhere(booking_id, system))


def _moment() -> float:
    return asyncio.get_running_loop().time()


def _away() -> SystemAwayError:
    return SystemAwayError(
        "The office's own booking system does not answer", fix="Try again in a minute, or book at another office."
    )
