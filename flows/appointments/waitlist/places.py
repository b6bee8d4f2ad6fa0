"""The places of one pass of the waitlist: what is left of those that are free again, and the times that they make."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import asyncpg

from flows.appointments.deps import Deps
from flows.appointments.finding import Asked, Free, asked, free_times
from flows.appointments.tables import CHANNELS
from flows.appointments.taking import ROLL_OVER, for_channel
from flows.appointments.waitlist.entries import CHANNEL
from kernel.database import driver
from kernel.errors import YiwangError

_FREED = f"""
    SELECT s.id, s.starts_at, s.ends_at, r.office, h.services, {for_channel("$2", "$3")} AS places
    FROM appointment_slot s JOIN appointment_resource r ON r.id = s.resource_id
        JOIN appointment_schedule h ON h.id = s.schedule_id
    WHERE s.id = ANY ($1::bigint[]) AND s.status = 'open'
"""  # noqa: S608 - a text of ours


class Time(NamedTuple):
    """A time that came back, of a service at an office for so many people."""

    of: Asked
    free: Free

    @property
    def ends_at(self) -> datetime:
        return self.free.starts_at + timedelta(minutes=self.of.minutes)


async def places_of(deps: Deps, most: Mapping[int, int]) -> "Places":
    """Return what residents could book of slots now, up to so many places of each."""
    connection, until = await driver(deps.session), deps.clock.now() + ROLL_OVER
    rows = await connection.fetch(_FREED, list(most), until, CHANNELS.index(CHANNEL) + 1)
    return Places(deps, rows, most)


class Places:
    """Free places of slots, at most so many of each. ``spans``: by office, from when to when; ``services`` serve."""

    def __init__(self, deps: Deps, rows: Sequence[asyncpg.Record], most: Mapping[int, int]) -> None:
        self._deps = deps
        self._left = {row["id"]: min(row["places"], most[row["id"]]) for row in rows}
        self._held = set[tuple[int, ...]]()
        self._times: dict[tuple[str, str, int], list[Time]] = {}
        self.services = {each for row in rows for each in row["services"]}
        self.spans: dict[str, tuple[datetime, datetime]] = {}
        for row in rows:
            begin, end = self.spans.get(row["office"], (row["starts_at"], row["ends_at"]))
            self.spans[row["office"]] = (min(begin, row["starts_at"]), max(end, row["ends_at"]))

    def are_left(self) -> bool:
        return any(each > 0 for each in self._left.values())

    def use(self, free: Free) -> None:
        for slot in free.slot_ids:
            self._left[slot] -= 1

    def leave(self, free: Free) -> None:
        """Have a time be no more of these: somebody holds what is left of it."""
        self._held.add(free.slot_ids)

    async def times(self, service: str, office: str, people: int) -> list[Time]:
        """Return the times at an office that lie in what is left of these places."""
        if office not in self.spans:
            return []
        times = await self._at(service, office, people)
        return [
            each
            for each in times
            if each.free.slot_ids not in self._held and all(self._left.get(slot, 0) > 0 for slot in each.free.slot_ids)
        ]

    async def _at(self, service: str, office: str, people: int) -> list[Time]:
        wanted = (service, office, people)
        if wanted not in self._times:
            session, clock = self._deps.session, self._deps.clock
            try:
                of = await asked(session, service, office, people, CHANNEL)
            except YiwangError:  # it is closed by now, or for fewer people
                self._times[wanted] = []
            else:
                free = await free_times(session, clock, of, self.spans[office])
                self._times[wanted] = [Time(of, each) for each in free]
        return self._times[wanted]
