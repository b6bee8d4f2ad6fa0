"""How long somebody will wait, if the hall goes on as lately: counters that are open end what they do, and call on.

How far such estimates were off is measured: each is kept with its ticket, beside how long the wait was.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg
from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.hall.line import Line, counters_for, waiting
from flows.appointments.hall.tables import HallTicket
from flows.appointments.states import AT_COUNTER
from flows.appointments.tables import HallCounter
from kernel.clock import Clock
from kernel.database import driver

LAST = 20
"""So many services, and estimates, tell how it goes at present."""

_PACE = """
    SELECT s.code, s.minutes * 60 AS planned_s, lately.mean_s, off.error_s, off.estimates
    FROM appointment_service s
    LEFT JOIN LATERAL (
        SELECT avg(extract(epoch FROM ended_at - served_at)) AS mean_s FROM (
            SELECT served_at, ended_at FROM hall_ticket
            WHERE office = $1 AND service = s.code AND served_at IS NOT NULL AND ended_at IS NOT NULL
            ORDER BY ended_at DESC LIMIT $3
        ) last
    ) lately ON true
    LEFT JOIN LATERAL (
        SELECT avg(abs(estimate_s - waited_s)) AS error_s, count(*) AS estimates FROM (
            SELECT estimate_s, waited_s FROM hall_ticket
            WHERE office = $1 AND service = s.code AND estimate_s IS NOT NULL AND waited_s IS NOT NULL
            ORDER BY called_at DESC LIMIT $3
        ) last
    ) off ON true
    WHERE s.code = ANY ($2::text[])
"""
_BUSY = """
    SELECT t.counter, t.service, t.served_at FROM hall_ticket t JOIN booking b ON b.id = t.booking_id
    WHERE t.office = $1 AND t.day = $2 AND t.ended_at IS NULL AND b.state = ANY ($3::text[])
"""
_ERRORS = """
    SELECT h.office, s.code, off.error_s FROM hall_revision h CROSS JOIN appointment_service s CROSS JOIN LATERAL (
        SELECT avg(abs(estimate_s - waited_s)) AS error_s FROM (
            SELECT estimate_s, waited_s FROM hall_ticket
            WHERE office = h.office AND service = s.code AND estimate_s IS NOT NULL AND waited_s IS NOT NULL
                AND called_at > $1
            ORDER BY called_at DESC LIMIT $2
        ) last
    ) off WHERE off.error_s IS NOT NULL ORDER BY h.office, s.code
"""


class Pace(Struct, frozen=True):
    """How long a service lasts, and how far estimates of it were off, None before there was one. In seconds."""

    mean_s: int
    error_s: int | None


class Wait(Struct, frozen=True):
    """An estimate in seconds: between ``low`` and ``high``, by how far the last ones were off (``error``)."""

    seconds: int
    error: int | None

    @property
    def low(self) -> int:
        return max(0, self.seconds - (self.error or 0))

    @property
    def high(self) -> int:
        return self.seconds + (self.error or 0)

    @property
    def minutes(self) -> tuple[int, int, int | None]:
        """``low``, ``high`` and ``error`` in whole minutes, as pages show them: the seconds fall by themselves."""
        error = None if self.error is None else max(1, (self.error + 30) // 60)
        return self.low // 60, max(1, -(-self.high // 60)), error


class Foretold(Struct, frozen=True):
    """What somebody in line is told. ``ahead``: so many may a counter for them call first, of whatever service.

    While no counter is open for them that is how many of their own service there are, and ``wait`` is None.
    """

    ahead: int
    wait: Wait | None


class Open(Struct, frozen=True):
    """A counter that calls people: of which services, of all if none is named, and in how many seconds the next."""

    services: Sequence[str]
    free_in_s: int = 0

    def serves(self, service: str) -> bool:
        return not self.services or service in self.services


class Turns:
    """A line that is played: each who waits is called, in order, by the open counter for them that is free first."""

    def __init__(self, counters: Sequence[Open], known: Mapping[str, Pace]) -> None:
        self._counters, self._known = counters, known
        self._free_in = [each.free_in_s for each in counters]
        self._called = Counter[str]()
        self._serving = dict[str, list[int]]()

    def take(self, service: str) -> Foretold:
        """Foretell the next in line, and have them called in their turn."""
        found = Foretold(self._ahead(service), self.wait(service))
        self._called[service] += 1
        if serving := self._for(service):
            self._free_in[min(serving, key=self._free_in.__getitem__)] += self._known[service].mean_s
        return found

    def wait(self, service: str) -> Wait | None:
        """Return how long whoever comes next would wait; None while no counter is open for them."""
        free = [self._free_in[nth] for nth in self._for(service)]
        return Wait(min(free), self._known[service].error_s) if free else None

    def _ahead(self, service: str) -> int:
        serving = [self._counters[nth] for nth in self._for(service)] or [Open([service])]
        return sum(n for each, n in self._called.items() if any(counter.serves(each) for counter in serving))

    def _for(self, service: str) -> list[int]:
        if service not in self._serving:
            self._serving[service] = [nth for nth, each in enumerate(self._counters) if each.serves(service)]
        return self._serving[service]


async def paces(session: AsyncSession, office: str, services: Sequence[str]) -> Mapping[str, Pace]:
    """Return the paces of services at an office; of one that nobody was served of yet, as long as it is planned for."""
    rows = await (await driver(session)).fetch(_PACE, office, list(services), LAST)
    return {
        row["code"]: Pace(
            int(row["mean_s"] if row["mean_s"] is not None else row["planned_s"]),
            int(row["error_s"]) if row["estimates"] else None,
        )
        for row in rows
    }


async def errors_since(connection: "asyncpg.Connection[asyncpg.Record]", begin: datetime) -> list[tuple[str, str, int]]:
    """Return by office and service how many seconds the last estimates were off on average, of those since then."""
    return [(row["office"], row["code"], int(row["error_s"])) for row in await connection.fetch(_ERRORS, begin, LAST)]


async def foretold(session: AsyncSession, clock: Clock, line: Line, ticket: HallTicket) -> Foretold:
    """Foretell a ticket that waits.

    Nobody knows how long before its day begins, and which counters will be open then.
    """
    ahead = [each.service for each in await waiting(session, ticket) if each.standing < ticket.standing]
    is_today = ticket.day <= line.day
    turns = await _turns(session, clock, line, {*ahead, ticket.service}) if is_today else Turns((), {})
    for each in ahead:
        turns.take(each)
    return turns.take(ticket.service)


async def _turns(session: AsyncSession, clock: Clock, line: Line, services: set[str]) -> Turns:
    office, now = line.office.code, clock.now()
    there = await (await driver(session)).fetch(_BUSY, office, line.day, sorted(AT_COUNTER))
    known = await paces(session, office, sorted(services.union(each["service"] for each in there)))
    busy = {each["counter"]: left(known[each["service"]], each["served_at"], now) for each in there}
    return Turns(opened(await counters_for(session, office), busy), known)


def left(pace: Pace, served_at: datetime | None, now: datetime) -> int:
    """Return how many seconds more somebody is at a counter, who is served since then, or called and on their way."""
    return max(0, pace.mean_s - (int((now - served_at).total_seconds()) if served_at else 0))


def opened(counters: Sequence[HallCounter], busy: Mapping[str, int]) -> list[Open]:
    """Return those that call people; ``busy``: for how many seconds more, by their codes."""
    calling = [each for each in counters if each.opened_at is not None and each.closed_at is None]
    return [Open(each.services, busy.get(each.code, 0)) for each in calling]
