"""A hall read once for all who watch it in one process: screens, counters and phones are woken together by a change.

What is read is passed on for as long as nothing has changed since, and no longer than whoever asks will have it.
"""

import asyncio
import time
from collections.abc import Mapping
from uuid import UUID

from msgspec import Struct

from flows.appointments.hall.estimating import Foretold
from flows.appointments.hall.position import Position, position
from flows.appointments.hall.viewing import HallView, TicketView, hall_and_line
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.database import Database


class HallNow(Struct, frozen=True):
    """A hall as it stands, and what those who wait are told. ``read_at`` is when its reading began (``monotonic``)."""

    view: HallView
    told: Mapping[UUID, Foretold]
    read_at: float

    def position_of(self, booking_id: UUID) -> Position | None:
        """Return where the person of a booking stands, None of whoever is not in the hall."""
        ticket = self._ticket(booking_id)
        return None if ticket is None else position(ticket.state, ticket, self.told.get(booking_id))

    def _ticket(self, booking_id: UUID) -> TicketView | None:
        there = [each.ticket for each in self.view.counters if each.ticket is not None]
        return next((each for each in (*self.view.waiting, *self.view.missed, *there) if each.id == booking_id), None)


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
            return HallNow(*await hall_and_line(session, self._clock, self._cipher, office), read_at)
