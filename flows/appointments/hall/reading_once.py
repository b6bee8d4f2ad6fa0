"""A hall read once for all who watch it in one process: screens, counters and phones are woken together by a change.

What is read is passed on for as long as nothing has changed since, and no longer than whoever asks will have it.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from flows.appointments.hall.estimating import Open, Pace, before, wait
from flows.appointments.hall.position import Position
from flows.appointments.hall.viewing import HallView, TicketView, hall_and_paces
from flows.appointments.states import AT_COUNTER, WAITING
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.database import Database


class HallNow(Struct, frozen=True):
    """A hall as it stands, which counters call people, and how long its services last.

    ``read_at`` is when its reading began (``monotonic``).
    """

    view: HallView
    counters: Sequence[Open]
    paces: Mapping[str, Pace]
    read_at: float

    def position_of(self, booking_id: UUID) -> Position | None:
        """Return where the person of a booking stands, None of whoever is not in the hall."""
        found = self._ticket(booking_id)
        return None if found is None else self._position(found)

    def _ticket(self, booking_id: UUID) -> TicketView | None:
        there = [each.ticket for each in self.view.counters if each.ticket is not None]
        return next((each for each in (*self.view.waiting, *self.view.missed, *there) if each.id == booking_id), None)

    def _position(self, ticket: TicketView) -> Position:
        is_there = ticket.state in AT_COUNTER
        others = self._before(ticket) if ticket.state in WAITING else None
        return Position(
            state=ticket.state,
            number=ticket.number,
            service=ticket.service,
            ahead=None if others is None else before(ticket.service, others, self.counters),
            wait=None if others is None else wait(ticket.service, others, self.counters, self.paces),
            counter=ticket.counter if is_there else None,
            calls=ticket.calls if is_there else 0,
            called_at=ticket.called_at if is_there else None,
        )

    def _before(self, ticket: TicketView) -> Sequence[str]:
        return [each.service for each in self.view.waiting[: self.view.waiting.index(ticket)]]


class Halls:
    """The halls that are watched in one process."""

    def __init__(self, database: Database, clock: Clock, cipher: FieldCipher) -> None:
        self._database, self._clock, self._cipher = database, clock, cipher
        self._known: dict[str, HallNow] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def read(self, office: str, revision: int | None, most_seconds: float) -> HallNow:
        """Return a hall at a revision or a later one, read ``most_seconds`` ago at most. Raises UnknownServiceError.

        None: nobody has looked yet at which one it is, so it is read from now on.
        """
        oldest = time.monotonic() - (0.0 if revision is None else most_seconds)
        async with self._turns.setdefault(office, asyncio.Lock()):
            known = self._known.get(office)
            if known is None or known.view.revision < (revision or 0) or known.read_at < oldest:
                known = self._known[office] = await self._read(office)
        return known

    async def _read(self, office: str) -> HallNow:
        read_at = time.monotonic()
        async with self._database.snapshot() as session:
            return HallNow(*await hall_and_paces(session, self._clock, self._cipher, office), read_at)
