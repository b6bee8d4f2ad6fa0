"""How long somebody will wait: what those before them take, by the last services, over the counters that are open.

How far such estimates were off is measured: each is kept with its ticket, beside how long the wait was.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg
from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.hall.line import Line, counters_for, waiting
from flows.appointments.hall.tables import HallTicket
from flows.appointments.tables import HallCounter
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


async def foretold(session: AsyncSession, line: Line, ticket: HallTicket) -> tuple[int, Wait | None]:
    """Return how many of its service are called before a ticket that waits, and how long it will wait.

    Nobody knows how long before its day begins, and which counters will be open then.
    """
    ahead = [each.service for each in await waiting(session, ticket) if each.standing < ticket.standing]
    if ticket.day > line.day:
        return ahead.count(ticket.service), None
    counters = await counters_for(session, line.office.code)
    known = await paces(session, line.office.code, sorted({*ahead, ticket.service}))
    return ahead.count(ticket.service), wait(ticket.service, ahead, counters, known)


def serves(counter: HallCounter, service: str) -> bool:
    """Whether a counter is open for a service."""
    calls = counter.opened_at is not None and counter.closed_at is None
    return calls and (not counter.services or service in counter.services)


def wait(service: str, ahead: Sequence[str], counters: Sequence[HallCounter], known: Mapping[str, Pace]) -> Wait | None:
    """Return how long somebody waits behind others, given by their services; None while no counter is open for them.

    Only those count whom one of the same counters may call.
    """
    mine = [each for each in counters if serves(each, service)]
    if not mine:
        return None
    before = [each for each in ahead if any(serves(counter, each) for counter in mine)]
    return Wait(sum(known[each].mean_s for each in before) // len(mine), known[service].error_s)
